const WINDOW_MS = 10_000;

/** What a run has counted, and how fast it goes. */
export class Tally {
  total = 0;
  /** How many the source said there are, before anything was listed; Infinity until it has said so. */
  announced = Infinity;
  done = 0;
  failed = 0;
  skipped = 0;
  readonly #posted = new Set<string>();
  readonly #rejected = new Set<string>();
  #finishes: number[] = [];

  /** By key: what waited from an earlier run may go out before its item is listed, and be offered again then. */
  notePosted(key: string): void {
    this.#posted.add(key);
    this.#rejected.delete(key);
  }

  noteRejected(key: string): void {
    if (!this.#posted.has(key)) this.#rejected.add(key);
  }

  /** True when the sink has said yes or no to it in this run. */
  isSettled(key: string): boolean {
    return this.#posted.has(key) || this.#rejected.has(key);
  }

  get posted(): number {
    return this.#posted.size;
  }

  get rejected(): number {
    return this.#rejected.size;
  }

  /** Items that have been dealt with. */
  get handled(): number {
    return this.done + this.failed + this.skipped;
  }

  /** Notes that an image was finished, well or not. */
  tick(now: number): void {
    this.#finishes.push(now);
    // Two are kept however old they are: on slow machines one image takes longer than the window.
    while (this.#finishes.length > 2 && (this.#finishes[0] ?? now) < now - WINDOW_MS) this.#finishes.shift();
  }

  /** Forgets the pace: after a pause the gap says nothing about the machine. */
  forgetPace(): void {
    this.#finishes = [];
  }

  /** Images a second over the last 10 s; null until two images are finished. */
  get rate(): number | null {
    const first = this.#finishes[0];
    const last = this.#finishes.at(-1);
    if (first === undefined || last === undefined || last <= first) return null;
    return ((this.#finishes.length - 1) * 1000) / (last - first);
  }

  /** Seconds until the last item is dealt with, at the present rate. */
  get secondsLeft(): number | null {
    const rate = this.rate;
    return rate === null ? null : Math.max(0, this.total - this.handled) / rate;
  }
}
