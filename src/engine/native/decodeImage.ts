import sharp from 'sharp';
import type { Sharp } from 'sharp';
import type { PixelImage } from '../../detector/types.ts';
import { EngineError } from '../errors.ts';
import {
  assertDecodable,
  assertPixelCount,
  decodeFailure,
  isLarge,
  jpegFrame,
  MAX_PIXELS,
  readImageHeader,
} from '../imageHeader.ts';
import type { ImageHeader } from '../imageHeader.ts';

/**
 * Encoded bytes to upright RGB pixels, as OpenCV's `imread` gives them: EXIF orientation applied (but for WebP), colour
 * profile ignored, alpha dropped without blending, 16 bits cut to 8, gray tripled, CMYK multiplied out.
 * Of an animation, the first frame.
 *
 * @param turn waited for where the image is large, before it is decoded.
 *
 * Throws `EngineError` with an `image-...` code.
 */
export async function decodeImage(
  bytes: Uint8Array,
  turn: () => Promise<void> = () => Promise.resolve(),
): Promise<PixelImage> {
  const header = readImageHeader(bytes);
  assertDecodable(header, bytes.length);
  if (isLarge(header)) await turn();
  try {
    // 'truncated': a cut-off file is refused, while a stray byte before a marker is not.
    const image = sharp(bytes, { failOn: 'truncated', limitInputPixels: MAX_PIXELS, ignoreIcc: true });
    // Neither OpenCV nor browsers turn a WebP, whatever its EXIF says; boxes must fit what people see.
    const upright = header.format === 'webp' ? image : image.autoOrient();
    return await ((await isCmyk(header, bytes, image)) ? decodeCmyk(upright) : decodeRgb(upright));
  } catch (error) {
    throw readable(error, header.format, () => decodeFailure(header, error));
  }
}

/** libvips is asked only where the file's header leaves it open: its answer takes a tenth of the decoding. */
async function isCmyk(header: ImageHeader, bytes: Uint8Array, image: Sharp): Promise<boolean> {
  const components = header.format === 'jpg' ? jpegFrame(bytes)?.components : undefined;
  if (components === 1 || components === 3) return false;
  const { width, height, space } = await image.metadata();
  assertPixelCount(width, height);
  return space === 'cmyk';
}

async function decodeRgb(image: Sharp): Promise<PixelImage> {
  const { data, info } = await image
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: 3, data };
}

async function decodeCmyk(image: Sharp): Promise<PixelImage> {
  const { data, info } = await image
    .pipelineColourspace('cmyk')
    .toColourspace('cmyk')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const rgb = new Uint8Array(info.width * info.height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += info.channels) {
    // OpenCV's icvCvt_CMYK2BGR; libvips hands out ink, OpenCV reads light.
    const light = 255 - (data[from + 3] ?? 0);
    for (let ink = 0; ink < 3; ink++) rgb[to++] = light - (((data[from + ink] ?? 0) * light) >> 8);
  }
  return { width: info.width, height: info.height, channels: 3, data: rgb };
}

function readable(error: unknown, format: string | undefined, damaged: () => EngineError): EngineError {
  if (error instanceof EngineError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/pixel limit/iu.test(message)) return new EngineError('image-too-large');
  const unsupported = /unsupported (image format|JPEG data precision)|not supported/iu.test(message);
  if (unsupported && format !== undefined) {
    return new EngineError('image-unsupported', format.toUpperCase(), { cause: error });
  }
  return damaged();
}
