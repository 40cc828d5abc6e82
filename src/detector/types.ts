/** One box from the detector, in pixels of the upright (EXIF-applied) image. */
export interface Detection {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  /** 0..1 */
  readonly score: number;
  /** Index into the manifest's `classes`. */
  readonly label: number;
}

/** Decoded, upright pixels, row-major, 8 bits a channel, in the order R, G, B(, A). */
export interface PixelImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** How an image is brought to the network's input size. All sizes in pixels. */
export interface ResizePlan {
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  /** After the resize, before padding: what boxes are clamped to. */
  readonly width: number;
  readonly height: number;
  readonly paddedWidth: number;
  readonly paddedHeight: number;
  /** width / sourceWidth and height / sourceHeight; the two may differ by rounding. */
  readonly scaleX: number;
  readonly scaleY: number;
}

/** Raw output tensors of the network by name. */
export type HeadTensors = Readonly<
  Record<string, { readonly data: Float32Array; readonly dims: readonly number[] }>
>;
