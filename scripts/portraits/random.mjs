/**
 * A seeded source of chance, so that every drawing can be made again.
 * Mulberry32: 32 bits of state, good enough to choose colours and hats.
 */
export class Chance {
  /** @param {number} seed any whole number */
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** @returns {number} 0 <= x < 1 */
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** @param {number} low @param {number} high @returns {number} */
  between(low, high) {
    return low + (high - low) * this.next();
  }

  /** @param {number} low @param {number} high both may come @returns {number} */
  whole(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** @param {number} probability @returns {boolean} */
  yes(probability) {
    return this.next() < probability;
  }

  /** @template T @param {readonly T[]} list @returns {T} */
  pick(list) {
    return /** @type {T} */ (list[Math.floor(this.next() * list.length)]);
  }
}
