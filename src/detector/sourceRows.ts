import { TAP_STRIDE } from './resizeTaps.ts';

/**
 * Walks the destination rows of a bilinear resize, from the top. Two source rows are kept after their horizontal pass:
 * neighbouring destination rows share them, so that enlarging computes each source row once.
 *
 * @param rows from `rowTaps`.
 * @param strips room for one source row each.
 * @param resize makes source row `y` into a strip.
 * @param blend makes destination row `y` of two strips with the weights `w0` and `w1`.
 */
export function walkRows<Strip>(
  rows: Int32Array,
  strips: readonly [Strip, Strip],
  resize: (y: number, strip: Strip) => void,
  blend: (y: number, upper: Strip, lower: Strip, w0: number, w1: number) => void,
): void {
  let [upper, lower] = strips;
  let upperY = -1;
  let lowerY = -1;
  for (let at = 0; at < rows.length; at += TAP_STRIDE) {
    const y0 = rows[at] ?? 0;
    const y1 = rows[at + 1] ?? 0;
    if (upperY !== y0) {
      [upper, lower] = [lower, upper];
      [upperY, lowerY] = [lowerY, upperY];
    }
    if (upperY !== y0) resize(y0, upper);
    upperY = y0;
    if (lowerY !== y1) resize(y1, lower);
    lowerY = y1;
    blend(at / TAP_STRIDE, upper, lower, rows[at + 2] ?? 0, rows[at + 3] ?? 0);
  }
}
