import { TAP_STRIDE } from '../../detector/resizeTaps.ts';

/** A run of destination positions and the source positions that they need. */
export interface Span {
  readonly to: number;
  readonly toLength: number;
  readonly from: number;
  readonly fromLength: number;
}

/**
 * Cuts one axis into spans whose source part is at most `maxLength` long, so that an image of any size
 * passes through textures of a limited one.
 *
 * @param taps table of `columnTaps` or `rowTaps`: source indices never decrease.
 * @param maxLength at least 2: a position needs two neighbours.
 */
export function spans(taps: Int32Array, maxLength: number): Span[] {
  const result: Span[] = [];
  const count = taps.length / TAP_STRIDE;
  for (let to = 0; to < count;) {
    const from = taps[to * TAP_STRIDE] ?? 0;
    let end = to;
    while (end < count && (taps[end * TAP_STRIDE + 1] ?? 0) - from < maxLength) end++;
    const last = taps[(end - 1) * TAP_STRIDE + 1] ?? 0;
    result.push({ to, toLength: end - to, from, fromLength: last - from + 1 });
    to = end;
  }
  return result;
}
