import type { ManifestInput } from './manifest.ts';
import { PixelsError } from './resizePlan.ts';
import { columnTaps, rowTaps, TAP_STRIDE } from './resizeTaps.ts';
import { walkRows } from './sourceRows.ts';
import type { PixelImage, ResizePlan } from './types.ts';

/**
 * Pixels to network input: cv2 `INTER_LINEAR` bit for bit, the manifest's channel order,
 * (x - mean) / std in float32 as MMDetection's `DetDataPreprocessor` computes it, then zeros to the right
 * and below. The oracle of both kernels, the GPU's and `preprocessSimd`.
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

  const columns = columnTaps(plan.sourceWidth, width);
  const rows = rowTaps(plan.sourceHeight, height);
  const [red, green, blue] = input.channelOrder === 'rgb' ? [0, 1, 2] : [2, 1, 0];
  const tableOf = (channel: number) => normaliseTable(input.mean[channel] ?? 0, input.std[channel] ?? 1);
  const tables: Tables = [tableOf(red), tableOf(green), tableOf(blue)];

  const strips = [new Int32Array(width * 3), new Int32Array(width * 3)] as const;
  const resize = (y: number, strip: Int32Array) => resizeRow(image, y, columns, strip);
  walkRows(rows, strips, resize, (y, upper, lower, w0, w1) => {
    const to = y * paddedWidth;
    const starts: Starts = [red * plane + to, green * plane + to, blue * plane + to];
    blendRows(upper, lower, w0, w1, tables, out, starts);
  });
  return out;
}

/** Of R, G and B. */
type Tables = readonly [Float32Array, Float32Array, Float32Array];
/** Where a row of R, G and B begins in the output. */
type Starts = readonly [number, number, number];

/** The vertical pass over one row, and the normalisation. Written out: called for each pixel, functions cost. */
function blendRows(
  upper: Int32Array,
  lower: Int32Array,
  w0: number,
  w1: number,
  tables: Tables,
  out: Float32Array,
  starts: Starts,
): void {
  const red = tables[0];
  const green = tables[1];
  const blue = tables[2];
  let r = starts[0];
  let g = starts[1];
  let b = starts[2];
  for (let at = 0; at < upper.length; at += 3) {
    const first = (Math.imul(upper[at] ?? 0, w0) >> 16) + (Math.imul(lower[at] ?? 0, w1) >> 16);
    const second = (Math.imul(upper[at + 1] ?? 0, w0) >> 16) + (Math.imul(lower[at + 1] ?? 0, w1) >> 16);
    const third = (Math.imul(upper[at + 2] ?? 0, w0) >> 16) + (Math.imul(lower[at + 2] ?? 0, w1) >> 16);
    out[r++] = red[(first + 2) >> 2] ?? 0;
    out[g++] = green[(second + 2) >> 2] ?? 0;
    out[b++] = blue[(third + 2) >> 2] ?? 0;
  }
}

/** The horizontal pass over one source row: int32 R, G, B a pixel. */
function resizeRow(image: PixelImage, y: number, columns: Int32Array, strip: Int32Array): void {
  const { data, channels } = image;
  const start = y * image.width * channels;
  for (let to = 0, at = 0; at < columns.length; to += 3, at += TAP_STRIDE) {
    const p0 = start + (columns[at] ?? 0) * channels;
    const p1 = start + (columns[at + 1] ?? 0) * channels;
    const w0 = columns[at + 2] ?? 0;
    const w1 = columns[at + 3] ?? 0;
    strip[to] = (Math.imul(data[p0] ?? 0, w0) + Math.imul(data[p1] ?? 0, w1)) >> 4;
    strip[to + 1] = (Math.imul(data[p0 + 1] ?? 0, w0) + Math.imul(data[p1 + 1] ?? 0, w1)) >> 4;
    strip[to + 2] = (Math.imul(data[p0 + 2] ?? 0, w0) + Math.imul(data[p1 + 2] ?? 0, w1)) >> 4;
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

/** Throws `PixelsError` when image, plan and output do not belong together. */
export function checkSizes(image: PixelImage, plan: ResizePlan, out: Float32Array): void {
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
