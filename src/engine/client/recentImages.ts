/** Timings to take the median of. */
const KEPT = 9;

/** What an engine has done lately, to compare it by. */
export class RecentImages {
  #times: readonly number[] = [];
  /** The last image, and its milliseconds. */
  last: { readonly image: Blob; readonly ms: number } | undefined;
  /** Images so far. */
  count = 0;

  add(image: Blob, ms: number): void {
    this.count += 1;
    this.last = { image, ms };
    // The first one pays for compiling and allocating.
    this.#times = [...(this.count === 2 ? [] : this.#times), ms].slice(-KEPT);
  }

  /** Milliseconds; null before the first image. */
  get medianMs(): number | null {
    const sorted = [...this.#times].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? null;
  }
}
