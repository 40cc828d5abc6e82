/**
 * Sorts the first `count` pairs of score and id in place: by descending score, equal scores by ascending
 * id. With ids that number the pairs this is a stable descending sort. MMDetection calls torch's sort
 * without `stable=True`, so the order of equal scores is open there and differs between machines (torch 2.13
 * on AVX-512 shuffles from 17 values on); this is one of the orders it may give.
 *
 * @param scores finite, at least +0: their bit patterns then order as they do.
 * @param ids distinct.
 */
export function sortByScore(scores: Float32Array, ids: Uint32Array, count: number): void {
  // One 64-bit key a pair, sorted natively: above, the score's bits upside down; below, the id.
  const keys = new BigUint64Array(count);
  const halves = new Uint32Array(keys.buffer);
  const bits = bitsOf(scores);
  for (let i = 0; i < count; i++) {
    halves[2 * i] = ids[i] ?? 0;
    halves[2 * i + 1] = ~(bits[i] ?? 0);
  }
  keys.sort();
  for (let i = 0; i < count; i++) {
    ids[i] = halves[2 * i] ?? 0;
    bits[i] = ~(halves[2 * i + 1] ?? 0);
  }
}

/** Scores share a bucket when the upper 17 bits of their patterns agree: 256 buckets an octave. */
const BUCKET_SHIFT = 15;

/**
 * Moves the pairs that can be among the `wanted` best to the front, in their order, and returns how many
 * these are: at least `wanted` (where there are as many), and every pair that ties with the last of them.
 * Spares the sort of a million pairs where a thousand are asked for. `scores` as in `sortByScore`.
 */
export function keepBest(scores: Float32Array, ids: Uint32Array, count: number, wanted: number): number {
  if (count <= wanted) return count;
  const bits = bitsOf(scores);
  const histogram = new Uint32Array(0x8000_0000 >>> BUCKET_SHIFT);
  for (let i = 0; i < count; i++) {
    const bucket = (bits[i] ?? 0) >>> BUCKET_SHIFT;
    histogram[bucket] = (histogram[bucket] ?? 0) + 1;
  }
  let lowest = histogram.length;
  for (let better = 0; better < wanted; better += histogram[lowest] ?? 0) lowest--;
  let kept = 0;
  for (let i = 0; i < count; i++) {
    if ((bits[i] ?? 0) >>> BUCKET_SHIFT < lowest) continue;
    scores[kept] = scores[i] ?? 0;
    ids[kept] = ids[i] ?? 0;
    kept++;
  }
  return kept;
}

function bitsOf(scores: Float32Array): Uint32Array {
  return new Uint32Array(scores.buffer, scores.byteOffset, scores.length);
}
