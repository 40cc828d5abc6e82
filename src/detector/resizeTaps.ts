/**
 * Tap tables of cv2's `INTER_LINEAR` on 8-bit images: which two source pixels make a destination pixel,
 * and with which weights. All that needs doubles happens here, once a size; what follows is int32 alone,
 * so that both kernels and `preprocess` get the same bits from the same tables.
 *
 * A table holds four integers a position: i0, i1 (source indices, 0..src-1), w0, w1 (0..2048, 11 bits).
 * Pixel: s(y) = (p[y][x.i0] * x.w0 + p[y][x.i1] * x.w1) >> 4, then
 * (((s(y.i0) * y.w0) >> 16) + ((s(y.i1) * y.w1) >> 16) + 2) >> 2.
 * Source: OpenCV 4 `imgproc/src/resize.cpp` (`resizeGeneric_`, `HResizeLinear`, `VResizeLinear` for uchar).
 */

/** Integers a position takes in a tap table. */
export const TAP_STRIDE = 4;

const ONE = 2048;

/** Taps of the columns: at the left and right border the index is clamped and the fraction set to 0. */
export function columnTaps(src: number, dst: number): Int32Array {
  return taps(src, dst, (floor) => floor < 0 || floor >= src - 1);
}

/** Taps of the rows: at the top and bottom border both indices are clamped and the fraction stays. */
export function rowTaps(src: number, dst: number): Int32Array {
  return taps(src, dst, () => false);
}

function taps(src: number, dst: number, dropFraction: (floor: number) => boolean): Int32Array {
  const table = new Int32Array(dst * TAP_STRIDE);
  const scale = 1 / (dst / src);
  const clamp = (index: number) => Math.min(Math.max(index, 0), src - 1);
  for (let d = 0; d < dst; d++) {
    // OpenCV keeps the coordinate in a float: rounding it later, or never, moves pixels.
    const position = Math.fround((d + 0.5) * scale - 0.5);
    const floor = Math.floor(position);
    const fraction = dropFraction(floor) ? 0 : Math.fround(position - floor);
    const at = d * TAP_STRIDE;
    table[at] = clamp(floor);
    table[at + 1] = clamp(floor + 1);
    table[at + 2] = roundHalfEven(Math.fround(1 - fraction) * ONE);
    table[at + 3] = roundHalfEven(fraction * ONE);
  }
  return table;
}

/** For values of at least 0. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
