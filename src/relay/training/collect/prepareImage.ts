import sharp from 'sharp';
import { EngineError } from '../../../engine/errors.ts';
import { assertDecodable, decodeFailure, readImageHeader } from '../../../engine/imageHeader.ts';
import { decodeImage } from '../../../engine/native/decodeImage.ts';
import { SerialQueue } from '../../../engine/serialQueue.ts';

/** Extensions of files that OpenCV and Pillow read alike. */
export const imageExtensions = ['jpg', 'png', 'webp', 'bmp'] as const;
export type ImageExtension = (typeof imageExtensions)[number];

/** An image file that the trainer reads as people see it. */
export interface PreparedImage {
  readonly bytes: Uint8Array;
  readonly extension: ImageExtension;
  /** Pixels as stored, which are upright. */
  readonly width: number;
  readonly height: number;
}

/** Pillow refuses more (twice its MAX_IMAGE_PIXELS), and the trainer checks sizes with it. */
const MAX_PIXELS = 178_000_000;

/** libvips' names of the formats that may stay as they are. */
const keptFormats: Readonly<Partial<Record<string, ImageExtension>>> = {
  jpeg: 'jpg',
  png: 'png',
  webp: 'webp',
};

/** One image at a time is held as pixels: up to half a gigabyte. */
const rewriting = new SerialQueue();

/**
 * Makes a file that the trainer reads: the same bytes where they are fine, else written anew, upright and without
 * EXIF (turned or mirrored photos, GIF, AVIF, TIFF, animations). A damaged file is found here, not in mid-training.
 *
 * Throws `EngineError` with an `image-...` code.
 */
export async function prepareImage(bytes: Uint8Array): Promise<PreparedImage> {
  const header = readImageHeader(bytes);
  assertDecodable(header, bytes.length);
  // libvips does not read BMP; OpenCV does.
  if (header.format === 'bmp') return keptBitmap(bytes, header.size);
  const found = await inspect(bytes, header.format, header);
  const extension = keptFormats[found.format];
  const { width, height } = found;
  if (extension !== undefined && found.isStraight) return { bytes, extension, width, height };
  return rewriting.add(() => rewrite(bytes, found.format));
}

interface Inspected {
  readonly format: string;
  readonly width: number;
  readonly height: number;
  /** One image, and nothing in the file asks for it to be turned. */
  readonly isStraight: boolean;
}

async function inspect(
  bytes: Uint8Array,
  format: string | undefined,
  header: ReturnType<typeof readImageHeader>,
): Promise<Inspected> {
  const options = { failOn: 'truncated', limitInputPixels: MAX_PIXELS, ignoreIcc: true } as const;
  try {
    const metadata = await sharp(bytes, options).metadata();
    const { width, height, orientation = 1, pages = 1, xmp } = metadata;
    assertPixels(width, height);
    const isStraight = orientation === 1 && pages === 1 && !isTurnedByXmp(xmp);
    // Reads the whole file, but holds a small picture only: cut-off files are refused here.
    await sharp(bytes, options).resize(8, 8, { fit: 'fill' }).raw().toBuffer();
    return { format: metadata.format, width, height, isStraight };
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    if (/pixel limit/iu.test(message)) throw tooLarge();
    if (
      format !== undefined &&
      /unsupported (image format|JPEG data precision)|not supported/iu.test(message)
    )
      throw new EngineError('image-unsupported', format.toUpperCase(), { cause: error });
    throw decodeFailure(header, error);
  }
}

/** Pillow, which the trainer checks with, takes the orientation from there when EXIF has none; OpenCV does not. */
function isTurnedByXmp(xmp: Buffer | undefined): boolean {
  return xmp !== undefined && /tiff:Orientation\s*(?:=\s*["']|>\s*)[2-8]/u.test(xmp.toString('latin1'));
}

async function rewrite(bytes: Uint8Array, format: string): Promise<PreparedImage> {
  const { width, height, channels, data } = await decodeImage(bytes);
  const raw = sharp(data, { raw: { width, height, channels }, limitInputPixels: MAX_PIXELS });
  // A photo as PNG would be ten times as large; at this quality a grey level is off here and there.
  return format === 'jpeg'
    ? {
        bytes: await raw.jpeg({ quality: 97, chromaSubsampling: '4:4:4' }).toBuffer(),
        extension: 'jpg',
        width,
        height,
      }
    : { bytes: await raw.png().toBuffer(), extension: 'png', width, height };
}

function keptBitmap(
  bytes: Uint8Array,
  size: { readonly width: number; readonly height: number } | undefined,
): PreparedImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Its header says how long the file is (some writers leave 0) and where the pixels begin.
  const length =
    bytes.length < 54 ? Infinity : Math.max(view.getUint32(2, true), view.getUint32(10, true) + 1);
  if (size === undefined || bytes.length < length) throw new EngineError('image-truncated', 'BMP');
  assertPixels(size.width, size.height);
  return { bytes, extension: 'bmp', width: size.width, height: size.height };
}

function assertPixels(width: number, height: number): void {
  if (width * height > MAX_PIXELS) throw tooLarge(`${width} x ${height} pixels`);
}

function tooLarge(detail?: string): EngineError {
  return new EngineError('image-too-large', detail);
}
