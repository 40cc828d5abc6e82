/** For tests: when an engine is taken for hung; milliseconds. */
export interface WatchdogLimits {
  /** No image is given up before this. */
  readonly leastMs: number;
  /** Loading, with compiling, self-test and warm-up: of a model that was never loaded here nothing is known. */
  readonly loadMs: number;
}

export const usualLimits: WatchdogLimits = { leastMs: 30_000, loadMs: 300_000 };

/** Images of a model differ by far less than this; a laptop on battery, a busy machine, a new shape are in it. */
const TIMES_SLOWEST = 20;
/** The warm-up has run the usual shape once, and compiled for it, which no image has to do any more. */
const TIMES_WARM_UP = 5;
/** An aborted inference gets at least this long to end by itself. */
const LEAST_GRACE_MS = 1000;

/**
 * How long one engine may take for an answer, by what it took so far. A driver or a loop can hang without an error; then
 * nobody would ever hear of the image.
 */
export class Watchdog {
  readonly #leastMs: number;
  readonly #warmUpMs: number;
  #slowestMs = 0;
  #lastMs: number;

  /** @param warmUpMs what the engine took for its self-test and first run. */
  constructor({ leastMs }: WatchdogLimits, warmUpMs: number) {
    this.#leastMs = leastMs;
    this.#warmUpMs = warmUpMs;
    this.#lastMs = warmUpMs;
  }

  /** An image took so many milliseconds. */
  note(ms: number): void {
    this.#lastMs = ms;
    this.#slowestMs = Math.max(this.#slowestMs, ms);
  }

  /** Milliseconds after which an image is given up. */
  get limitMs(): number {
    return Math.max(this.#leastMs, TIMES_WARM_UP * this.#warmUpMs, TIMES_SLOWEST * this.#slowestMs);
  }

  /** Milliseconds that an image gets to end by itself when nobody waits for it any more. */
  get graceMs(): number {
    return Math.max(LEAST_GRACE_MS, 2 * this.#lastMs);
  }
}

/**
 * Waits for `work`, and calls `late` when it takes longer than `ms`; what becomes of `work` then is the caller's.
 *
 * The time is taken in two halves: a machine that sleeps in the middle of an image wakes up with one of them over, and the
 * image still has the other. A tenth of a limit is more than an image usually takes.
 */
export async function watched<T>(ms: number, work: Promise<T>, late: () => void): Promise<T> {
  let timer = setTimeout(() => {
    timer = setTimeout(late, ms / 2);
  }, ms / 2);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

/** For people. */
export function inSeconds(ms: number): string {
  return `${Math.ceil(ms / 1000)} s`;
}
