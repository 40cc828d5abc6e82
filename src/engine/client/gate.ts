/** Many may be inside at once. Whoever wants to be alone there waits until they have left, and those who come later wait. */
export class Gate {
  #inside = 0;
  #whenEmpty: (() => void) | undefined;
  /** While somebody is alone inside or waits to be; resolves when that is over. */
  #closed: Promise<void> | undefined;

  /** Throws the reason of `signal` at once while it waits, or what `work` throws. */
  async pass<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    while (this.#closed !== undefined) await raced(this.#closed, signal);
    this.#inside += 1;
    try {
      return await work();
    } finally {
      this.#inside -= 1;
      if (this.#inside === 0) this.#whenEmpty?.();
    }
  }

  /** One call at a time. Throws what `work` throws. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    let reopen = (): void => undefined;
    this.#closed = new Promise<void>((resolve) => (reopen = resolve));
    try {
      if (this.#inside > 0) await new Promise<void>((resolve) => (this.#whenEmpty = resolve));
      return await work();
    } finally {
      this.#whenEmpty = undefined;
      this.#closed = undefined;
      reopen();
    }
  }
}

/** What `work` comes to, or the reason of `signal` as soon as it is aborted. */
export async function raced<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const gone = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', gone, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', gone));
  });
}
