import { disableTypes, imageSize } from 'image-size';
import { EngineError } from './errors.ts';

/** Decoded pixels an engine agrees to hold: 300 megapixels are 0.9 to 1.2 GB. */
export const MAX_PIXELS = 300_000_000;

/** Above, an image is decoded when its turn comes and not ahead: three of 300 megapixels would be 3.6 GB. */
const MAX_PIXELS_AHEAD = 32_000_000;

/** No image that fits is larger: 300 megapixels uncompressed, and something around them. */
const MAX_BYTES = 1_300_000_000;

// A TGA has no signature, so all sorts of rubbish pass for one; nothing here decodes it anyway.
disableTypes(['tga']);

/** What the first bytes of an image file say. Sizes are those stored, before EXIF orientation. */
export interface ImageHeader {
  /** 'jpg', 'png', 'webp', 'gif', 'bmp', 'tiff', ...; undefined: not a known image. */
  readonly format: string | undefined;
  /** Undefined where the format is known but its header could not be read. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
}

const signatures: readonly (readonly [format: string, bytes: readonly number[]])[] = [
  ['jpg', [0xff, 0xd8, 0xff]],
  ['png', [0x89, 0x50, 0x4e, 0x47]],
  ['gif', [0x47, 0x49, 0x46, 0x38]],
  ['bmp', [0x42, 0x4d]],
  ['webp', [0x52, 0x49, 0x46, 0x46]],
  ['tiff', [0x49, 0x49, 0x2a, 0x00]],
  ['tiff', [0x4d, 0x4d, 0x00, 0x2a]],
];

/** Reads format and size from the beginning of a file (or all of it). Never throws. */
export function readImageHeader(bytes: Uint8Array): ImageHeader {
  try {
    const { width, height, type } = imageSize(bytes);
    return { format: type, size: { width, height } };
  } catch {
    // Broken or unusual headers throw all sorts of errors; decoders are more patient, so let them judge.
    const known = signatures.find(([, magic]) => magic.every((byte, i) => bytes[i] === byte));
    return { format: known?.[0], size: known?.[0] === 'jpg' ? jpegFrame(bytes) : undefined };
  }
}

/**
 * What the first frame header of a JPEG says (ITU-T T.81, B.2.2), also where the segments are missing that most begin
 * with. 3 components are a colour, 1 is gray, 4 are inks.
 */
export function jpegFrame(bytes: Uint8Array): JpegFrame | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2; at + 10 <= bytes.length && view.getUint8(at) === 0xff;) {
    const marker = view.getUint8(at + 1);
    // SOF0 to SOF15 but for DHT, JPG and DAC, which lie between them.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return {
        height: view.getUint16(at + 5),
        width: view.getUint16(at + 7),
        components: view.getUint8(at + 9),
      };
    }
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return undefined;
}

export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  readonly components: number;
}

/** Whether an image takes so much memory that one at a time is enough. One whose size is not known may. */
export function isLarge({ size }: ImageHeader): boolean {
  return size === undefined || size.width * size.height > MAX_PIXELS_AHEAD;
}

/** Throws `EngineError` for a file that cannot be an image of ours whatever is in it: to be asked before it is read. */
export function assertByteCount(byteLength: number): void {
  if (byteLength === 0) throw new EngineError('image-empty');
  if (byteLength > MAX_BYTES) throw new EngineError('image-too-large', `${byteLength} bytes`);
}

/** Throws `EngineError` for a header that forbids decoding: no bytes, or more pixels than fit in memory. */
export function assertDecodable(header: ImageHeader, byteLength: number): void {
  assertByteCount(byteLength);
  if (header.size === undefined) return;
  assertPixelCount(header.size.width, header.size.height);
}

/** Throws `EngineError` 'image-too-large' above `MAX_PIXELS`, 'image-truncated' for a side of 0. */
export function assertPixelCount(width: number, height: number): void {
  if (width < 1 || height < 1) throw new EngineError('image-truncated', 'its size is 0');
  if (width * height <= MAX_PIXELS) return;
  throw new EngineError('image-too-large', `${width} x ${height} pixels`);
}

/** The error for a file that a decoder refused: a known format is damaged, an unknown one is no image. */
export function decodeFailure(header: ImageHeader, cause: unknown): EngineError {
  if (header.format === undefined) return new EngineError('image-not-an-image', undefined, { cause });
  return new EngineError('image-truncated', header.format.toUpperCase(), { cause });
}
