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

  const strips = new Strips(image, columnTaps(plan.sourceWidth, width), width);
  const rows = rowTaps(plan.sourceHeight, height);
  const tables = [0, 1, 2].map((channel) =>
    normaliseTable(input.mean[channel] ?? 0, input.std[channel] ?? 1),
  );

  for (let y = 0; y < height; y++) {
    const at = y * TAP_STRIDE;
    const y0 = rows[at] ?? 0;
    const y1 = rows[at + 1] ?? 0;
    const upper = strips.row(y0, y1);
    const lower = strips.row(y1, y0);
    for (const [channel, table] of tables.entries()) {
      const source = input.channelOrder === 'rgb' ? channel : 2 - channel;
      const weights = [rows[at + 2] ?? 0, rows[at + 3] ?? 0] as const;
      blendRows(upper, lower, source * width, weights, table, out, channel * plane + y * paddedWidth, width);
    }
  }
  return out;
}

/** The vertical pass over one channel of one row, and the normalisation. */
function blendRows(
  upper: Int32Array,
  lower: Int32Array,
  from: number,
  weights: readonly [number, number],
  table: Float32Array,
  out: Float32Array,
  to: number,
  width: number,
): void {
  const [w0, w1] = weights;
  for (let x = 0; x < width; x++) {
    const s = from + x;
    const weighted = (Math.imul(upper[s] ?? 0, w0) >> 16) + (Math.imul(lower[s] ?? 0, w1) >> 16);
    out[to + x] = table[(weighted + 2) >> 2] ?? 0;
  }
}

/**
 * Source rows after the horizontal pass, as three int32 planes (R, G, B) of one row. Two rows are kept:
 * neighbouring destination rows share them, so that enlarging computes each source row once.
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
  const width = columns.length / TAP_STRIDE;
  for (let x = 0, at = 0; x < width; x++, at += TAP_STRIDE) {
    const p0 = start + (columns[at] ?? 0) * channels;
    const p1 = start + (columns[at + 1] ?? 0) * channels;
    const w0 = columns[at + 2] ?? 0;
    const w1 = columns[at + 3] ?? 0;
    strip[x] = (Math.imul(data[p0] ?? 0, w0) + Math.imul(data[p1] ?? 0, w1)) >> 4;
    strip[x + width] = (Math.imul(data[p0 + 1] ?? 0, w0) + Math.imul(data[p1 + 1] ?? 0, w1)) >> 4;
    strip[x + 2 * width] = (Math.imul(data[p0 + 2] ?? 0, w0) + Math.imul(data[p1 + 2] ?? 0, w1)) >> 4;
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
