/** An even number of 32 bits for an id, another one for each seed (the finalizer of MurmurHash3). */
export function sampleRank(id: number, seed: number): number {
  let h = Math.imul(id, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
