/** Somebody has more work waiting than anybody needs. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
}

interface Waiting {
  readonly begin: () => void;
}

/**
 * A few pieces of work at once, begun by turns: each page's first, then each page's second. Whoever hands in a
 * thousand waits behind itself.
 */
export class FairQueue {
  readonly #places: number;
  readonly #most: number;
  /** By page, in the order of their turns; only pages that wait. */
  readonly #waiting = new Map<string, readonly Waiting[]>();
  #running = 0;

  /** @param most pieces that may wait for one page. */
  constructor(places: number, most: number) {
    this.#places = places;
    this.#most = most;
  }

  /** Throws `QueueFullError`, the reason of `signal` (at once while it waits), or what `work` throws. */
  async add<T>(page: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.#running < this.#places) this.#running += 1;
    else await this.#turn(page, signal);
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      this.#next();
    }
  }

  #turn(page: string, signal: AbortSignal): Promise<void> {
    const before = this.#waiting.get(page) ?? [];
    if (before.length >= this.#most) return Promise.reject(new QueueFullError());
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        begin: () => {
          signal.removeEventListener('abort', gone);
          resolve();
        },
      };
      const gone = (): void => {
        const now = this.#waiting.get(page) ?? [];
        this.#keep(
          page,
          now.filter((each) => each !== waiting),
        );
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', gone, { once: true });
      this.#keep(page, [...before, waiting]);
    });
  }

  /** The place goes to the page whose turn it is, which then goes to the end. */
  #next(): void {
    const [turn] = this.#waiting;
    if (turn === undefined) {
      this.#running -= 1;
      return;
    }
    const [page, [first, ...rest]] = turn;
    this.#waiting.delete(page);
    this.#keep(page, rest);
    first?.begin();
  }

  #keep(page: string, waiting: readonly Waiting[]): void {
    if (waiting.length > 0) this.#waiting.set(page, waiting);
    else this.#waiting.delete(page);
  }
}
