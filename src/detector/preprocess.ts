import type { ManifestInput } from './manifest.ts';
import { PixelsError } from './resizePlan.ts';
import { columnTaps, rowTaps, TAP_STRIDE } from './resizeTaps.ts';
import type { PixelImage, ResizePlan } from './types.ts';

/**
 * Pixels to network input: cv2 `INTER_LINEAR` bit for bit, the manifest's channel order,
 * (x - mean) / std in float32 as MMDetection's `DetDataPreprocessor` computes it, then zeros to the right
 * and below. The oracle of the GPU kernel, and the real thing where there is no GPU.
 *
 * @param image RGB or RGBA, upright; alpha is ignored.
 * @param plan from `planResize` for this image.
 * @param out reused when given; must hold 3 * paddedHeight * paddedWidth elements.
 * @returns float32 `[3, paddedHeight, paddedWidth]`, planes in the manifest's channel order.
 *
 * Throws `PixelsError` when image, plan and `out` do not belong together.
 */
export function preprocess(
  image: PixelImage,
  plan: ResizePlan,
  input: ManifestInput,
  out: Float32Array = new Float32Array(3 * plan.paddedHeight * plan.paddedWidth),
): Float32Array {
  checkSizes(image, plan, out);
  const { width, height, paddedWidth } = plan;
  const plane = plan.paddedHeight * paddedWidth;
  if (width !== paddedWidth || height !== plan.paddedHeight) out.fill(0);

  // Where the source's R, G and B go in the tensor.
  const order = input.channelOrder === 'rgb' ? [0, 1, 2] : [2, 1, 0];
  const tables = order.map((channel) => normaliseTable(input.mean[channel] ?? 0, input.std[channel] ?? 1));
  const [tableR, tableG, tableB] = tables as [Float32Array, Float32Array, Float32Array];
  const [planeR, planeG, planeB] = order.map((channel) => channel * plane) as [number, number, number];

  const columns = columnTaps(plan.sourceWidth, width);
  const rows = rowTaps(plan.sourceHeight, height);
  const strips = new Strips(image, columns, width);

  for (let y = 0; y < height; y++) {
    const at = y * TAP_STRIDE;
    const y0 = rows[at] ?? 0;
    const y1 = rows[at + 1] ?? 0;
    const w0 = rows[at + 2] ?? 0;
    const w1 = rows[at + 3] ?? 0;
    const upper = strips.row(y0, y1);
    const lower = strips.row(y1, y0);
    let target = y * paddedWidth;
    for (let x = 0, s = 0; x < width; x++, s += 3, target++) {
      const r = blend(upper[s] ?? 0, w0, lower[s] ?? 0, w1);
      const g = blend(upper[s + 1] ?? 0, w0, lower[s + 1] ?? 0, w1);
      const b = blend(upper[s + 2] ?? 0, w0, lower[s + 2] ?? 0, w1);
      out[planeR + target] = tableR[r] ?? 0;
      out[planeG + target] = tableG[g] ?? 0;
      out[planeB + target] = tableB[b] ?? 0;
    }
  }
  return out;
}

function blend(upper: number, w0: number, lower: number, w1: number): number {
  return ((Math.imul(upper, w0) >> 16) + (Math.imul(lower, w1) >> 16) + 2) >> 2;
}

/**
 * Source rows after the horizontal pass, three int32 a destination column. Two are kept: neighbouring
 * destination rows share them, so that enlarging computes each source row once.
 */
class Strips {
  readonly #image: PixelImage;
  readonly #columns: Int32Array;
  readonly #buffers: readonly [Int32Array, Int32Array];
  readonly #held: [number, number] = [-1, -1];

  constructor(image: PixelImage, columns: Int32Array, width: number) {
    this.#image = image;
    this.#columns = columns;
    this.#buffers = [new Int32Array(width * 3), new Int32Array(width * 3)];
  }

  /** The strip of source row `y`; the buffer that holds `keep` is left alone. */
  row(y: number, keep: number): Int32Array {
    const [first, second] = this.#buffers;
    if (this.#held[0] === y) return first;
    if (this.#held[1] === y) return second;
    const slot = this.#held[0] === keep ? 1 : 0;
    this.#held[slot] = y;
    const strip = slot === 0 ? first : second;
    resizeRow(this.#image, y, this.#columns, strip);
    return strip;
  }
}

function resizeRow(image: PixelImage, y: number, columns: Int32Array, strip: Int32Array): void {
  const { data, channels } = image;
  const start = y * image.width * channels;
  for (let at = 0, s = 0; at < columns.length; at += TAP_STRIDE, s += 3) {
    const p0 = start + (columns[at] ?? 0) * channels;
    const p1 = start + (columns[at + 1] ?? 0) * channels;
    const w0 = columns[at + 2] ?? 0;
    const w1 = columns[at + 3] ?? 0;
    strip[s] = (Math.imul(data[p0] ?? 0, w0) + Math.imul(data[p1] ?? 0, w1)) >> 4;
    strip[s + 1] = (Math.imul(data[p0 + 1] ?? 0, w0) + Math.imul(data[p1 + 1] ?? 0, w1)) >> 4;
    strip[s + 2] = (Math.imul(data[p0 + 2] ?? 0, w0) + Math.imul(data[p1 + 2] ?? 0, w1)) >> 4;
  }
}

/** (v - mean) / std for each byte v; every step in float32, as torch rounds it. */
function normaliseTable(mean: number, std: number): Float32Array {
  const table = new Float32Array(256);
  for (let value = 0; value < 256; value++) {
    table[value] = Math.fround(value - Math.fround(mean)) / Math.fround(std);
  }
  return table;
}

function checkSizes(image: PixelImage, plan: ResizePlan, out: Float32Array): void {
  const bytes = image.width * image.height * image.channels;
  if (image.data.length !== bytes) {
    throw new PixelsError(
      `The image says ${image.width} x ${image.height} x ${image.channels} = ${bytes} bytes, but has ${image.data.length}.`,
    );
  }
  if (image.width !== plan.sourceWidth || image.height !== plan.sourceHeight) {
    throw new PixelsError(
      `The resize was planned for ${plan.sourceWidth} x ${plan.sourceHeight} pixels, but the image has ${image.width} x ${image.height}.`,
    );
  }
  const elements = 3 * plan.paddedHeight * plan.paddedWidth;
  if (out.length !== elements) {
    throw new PixelsError(`The output must hold ${elements} elements, but holds ${out.length}.`);
  }
}
