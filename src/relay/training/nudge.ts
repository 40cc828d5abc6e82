/** Wakes those who wait for something to change in this process; what other processes change is seen by the time-out. */
export class Nudge {
  readonly #waiting = new Set<() => void>();

  /** Wakes everybody who waits now. */
  nudge(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves at the next nudge, after `ms`, or when `signal` aborts; never rejects. */
  wait(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waiting.add(wake);
      if (signal?.aborted === true) wake();
      else signal?.addEventListener('abort', wake, { once: true });
    });
  }
}
