import type { ManifestInput } from './manifest.ts';
import { checkSizes } from './preprocess.ts';
import { openKernel } from './resizeKernel.ts';
import type { Kernel } from './resizeKernel.ts';
import { columnTaps, rowTaps, TAP_STRIDE } from './resizeTaps.ts';
import { walkRows } from './sourceRows.ts';
import type { PixelImage, ResizePlan } from './types.ts';

/** Where things lie in the kernel's memory, in bytes. Of the image there are only a few rows in it. */
interface Layout {
  /** Taps of the columns. */
  readonly columns: number;
  /** One row of source pixels. */
  readonly source: number;
  /** Two source rows after their horizontal pass. */
  readonly strips: readonly [number, number];
  /** A row each of R, G and B, `planeBytes` apart. */
  readonly planes: number;
  readonly planeBytes: number;
  readonly size: number;
}

/** Float32 mean and std of R, of G and of B lie at the beginning. */
const NORMALISE = 0;
const NORMALISE_BYTES = 32;
/** What the horizontal pass may read behind a row, rounded up. */
const SLACK = 16;

/** One of each thread. */
let kernel: Kernel | undefined;

/**
 * What `preprocess` gives, bit for bit, computed by WebAssembly with SIMD: for the CPU, where resizing is on the path of
 * every image. Formulas: `resizeTaps.ts`.
 *
 * @param image RGB or RGBA, upright; alpha is ignored.
 * @param plan from `planResize` for this image.
 * @param out reused when given; must hold 3 * paddedHeight * paddedWidth elements.
 * @returns float32 `[3, paddedHeight, paddedWidth]`, planes in the manifest's channel order.
 *
 * Throws `PixelsError` when image, plan and `out` do not belong together.
 */
export function preprocessSimd(
  image: PixelImage,
  plan: ResizePlan,
  input: ManifestInput,
  out: Float32Array = new Float32Array(3 * plan.paddedHeight * plan.paddedWidth),
): Float32Array {
  checkSizes(image, plan, out);
  const { width, height, paddedWidth } = plan;
  const plane = plan.paddedHeight * paddedWidth;

  kernel ??= openKernel();
  const at = layoutOf(image, width);
  const buffer = kernel.reserve(at.size);
  const order = input.channelOrder === 'rgb' ? [0, 1, 2] : [2, 1, 0];
  new Float32Array(buffer, NORMALISE, 6).set(
    order.flatMap((channel) => [input.mean[channel] ?? 0, input.std[channel] ?? 1]),
  );
  writeColumns(columnTaps(image.width, width), image.channels, new Int32Array(buffer, at.columns, 2 * width));
  const planes = order.map((channel, i) => ({
    row: new Float32Array(buffer, at.planes + i * at.planeBytes, width),
    start: channel * plane,
  }));
  const resizeRow = rowResizer(kernel, buffer, image, at, width);

  const { vertical } = kernel;
  walkRows(rowTaps(image.height, height), at.strips, resizeRow, (y, upper, lower, w0, w1) => {
    vertical(upper, lower, w0, w1, width, NORMALISE, at.planes);
    for (const { row, start } of planes) {
      const to = start + y * paddedWidth;
      out.set(row, to);
      if (width < paddedWidth) out.fill(0, to + width, to + paddedWidth);
    }
  });
  for (const { start } of planes) out.fill(0, start + height * paddedWidth, start + plane);
  return out;
}

/** Copies a source row into the kernel's memory and resizes it into a strip. */
function rowResizer(
  { horizontal }: Kernel,
  buffer: ArrayBuffer,
  image: PixelImage,
  at: Layout,
  width: number,
): (y: number, strip: number) => void {
  const { channels, data } = image;
  const stride = image.width * channels;
  const source = new Uint8Array(buffer, at.source, stride);
  return (y, strip) => {
    // As plain bytes, whichever array they come in: of one type they are copied as a block.
    source.set(new Uint8Array(data.buffer, data.byteOffset + y * stride, stride));
    horizontal(at.source, channels, at.columns, width, strip);
  };
}

/** Four pixels are blended at a time, so that strips and planes hold a multiple of four. */
function layoutOf(image: PixelImage, width: number): Layout {
  const pixels = Math.ceil(width / 4) * 4;
  const stripBytes = 16 * pixels;
  const planeBytes = 4 * pixels;
  const columns = NORMALISE_BYTES;
  const upper = columns + 8 * pixels;
  const lower = upper + stripBytes;
  const planes = lower + stripBytes;
  const source = planes + 3 * planeBytes;
  const size = source + image.width * image.channels + SLACK;
  return { columns, source, strips: [upper, lower], planes, planeBytes, size };
}

/** Of each column, where its left pixel begins in a row, and both weights in one integer, 16 bits each. */
function writeColumns(taps: Int32Array, channels: number, to: Int32Array): void {
  for (let column = 0; column < to.length / 2; column++) {
    const tap = column * TAP_STRIDE;
    to[2 * column] = (taps[tap] ?? 0) * channels;
    to[2 * column + 1] = (taps[tap + 2] ?? 0) | ((taps[tap + 3] ?? 0) << 16);
  }
}
