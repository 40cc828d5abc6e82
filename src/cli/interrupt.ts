/**
 * Ctrl+C, twice. The first time `stop` aborts: finish what is in hand. The second time `giveUp` is called. Until
 * somebody has set it, that ends the process.
 */
export class Interrupt {
  readonly #stop = new AbortController();
  readonly #listener: () => void;
  giveUp: () => void = () => process.exit(130);

  constructor(say: (text: string) => void) {
    this.#listener = () => {
      if (this.#stop.signal.aborted) {
        this.giveUp();
        return;
      }
      say('Stopping after the images in hand. Ctrl+C again stops at once.');
      this.#stop.abort();
    };
    process.on('SIGINT', this.#listener);
    process.on('SIGTERM', this.#listener);
  }

  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  dispose(): void {
    process.off('SIGINT', this.#listener);
    process.off('SIGTERM', this.#listener);
  }
}
