import { EngineError } from '../errors.ts';
import { assertDecodable, assertPixelCount, decodeFailure, readImageHeader } from '../imageHeader.ts';

/** Enough for the size in nearly all files; large embedded profiles and thumbnails push it further back. */
const HEADER_BYTES = 65_536;

/** Formats that browsers decode; others are no images to them, although they are to people. */
const BROWSER_FORMATS = new Set(['jpg', 'png', 'webp', 'gif', 'bmp', 'avif', 'ico']);

/**
 * Encoded bytes to an upright bitmap whose pixels are those in the file: no colour management and no
 * premultiplication. The size is judged before anything is decoded.
 *
 * Throws `EngineError` with an `image-...` code.
 */
export async function decodeBitmap(image: Blob): Promise<ImageBitmap> {
  const header = await headerOf(image);
  assertDecodable(header, image.size);
  try {
    const bitmap = await createImageBitmap(image, {
      colorSpaceConversion: 'none',
      premultiplyAlpha: 'none',
      imageOrientation: 'from-image',
    });
    assertPixelCount(bitmap.width, bitmap.height);
    return bitmap;
  } catch (error) {
    if (error instanceof EngineError) throw error;
    if (header.format !== undefined && !BROWSER_FORMATS.has(header.format)) {
      throw new EngineError('image-unsupported', header.format.toUpperCase(), { cause: error });
    }
    throw decodeFailure(header, error);
  }
}

async function headerOf(image: Blob): Promise<ReturnType<typeof readImageHeader>> {
  const start = readImageHeader(new Uint8Array(await image.slice(0, HEADER_BYTES).arrayBuffer()));
  if (start.size !== undefined || image.size <= HEADER_BYTES) return start;
  return readImageHeader(new Uint8Array(await image.arrayBuffer()));
}
