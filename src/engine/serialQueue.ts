/** Runs jobs one at a time in the order they were added. A failed or aborted job never stops the next. */
export class SerialQueue {
  #tail: Promise<void> = Promise.resolve();
  #size = 0;

  /** Jobs added and not settled yet, the running one included. */
  get size(): number {
    return this.#size;
  }

  /**
   * @returns what `job` returns. With an aborted `signal` the promise rejects with the signal's reason
   * at once: a job that waits is never started; one that runs is given the signal and may stop early,
   * and the next job starts only when it has really ended, so that two never run together.
   */
  add<T>(job: (signal: AbortSignal) => Promise<T>, signal: AbortSignal = neverAborted()): Promise<T> {
    if (signal.aborted) return Promise.reject(reasonOf(signal));
    const before = this.#tail;
    this.#size += 1;
    return new Promise<T>((resolve, reject) => {
      const onAbort = (): void => reject(reasonOf(signal));
      signal.addEventListener('abort', onAbort, { once: true });
      const run = async (): Promise<void> => {
        await before;
        try {
          if (!signal.aborted) resolve(await job(signal));
        } catch (error) {
          reject(toError(error));
        } finally {
          signal.removeEventListener('abort', onAbort);
          this.#size -= 1;
        }
      };
      this.#tail = run();
    });
  }

  /** Resolves when everything added so far has ended. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}

function neverAborted(): AbortSignal {
  return new AbortController().signal;
}

/** A signal's reason may be anything; callers are promised an Error. */
function reasonOf(signal: AbortSignal): Error {
  return toError(signal.reason);
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
