import { EngineError } from '../errors.ts';
import {
  assertByteCount,
  assertDecodable,
  assertPixelCount,
  decodeFailure,
  isLarge,
  readImageHeader,
} from '../imageHeader.ts';
import type { ImageHeader } from '../imageHeader.ts';

/** Enough for the size in nearly all files; large embedded profiles and thumbnails push it further back. */
const HEADER_BYTES = 65_536;

/** Formats that browsers decode; others are no images to them, although they are to people. */
const BROWSER_FORMATS = new Set(['jpg', 'png', 'webp', 'gif', 'bmp', 'avif', 'ico']);

/**
 * Encoded bytes to an upright bitmap whose pixels are those in the file: no colour management and no
 * premultiplication. The size is judged before anything is decoded.
 *
 * @param turn waited for where the image is large, before it is decoded.
 *
 * Throws `EngineError` with an `image-...` code.
 */
export async function decodeBitmap(
  image: Blob,
  turn: () => Promise<void> = () => Promise.resolve(),
): Promise<ImageBitmap> {
  const header = await assertFits(image);
  if (isLarge(header)) await turn();
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

/**
 * Judges an image by its first bytes, before anybody decodes it: also what is only shown must not eat the memory.
 * Gives the header. Throws `EngineError` with an `image-...` code.
 */
export async function assertFits(image: Blob): Promise<ImageHeader> {
  assertByteCount(image.size);
  const header = await headerOf(image);
  assertDecodable(header, image.size);
  return header;
}

async function headerOf(image: Blob): Promise<ImageHeader> {
  const start = readImageHeader(new Uint8Array(await image.slice(0, HEADER_BYTES).arrayBuffer()));
  if (start.size !== undefined || start.format === undefined || image.size <= HEADER_BYTES) return start;
  return readImageHeader(new Uint8Array(await image.arrayBuffer()));
}
