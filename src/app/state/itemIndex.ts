import type { Source, SourceItem } from '../../prelabel/types.ts';

/**
 * Finds a source's items by key. Walks the source no further than needed and remembers what it met, so that
 * an image of an earlier run can be shown again without listing everything first.
 */
export class ItemIndex {
  readonly #source: Source;
  readonly #met = new Map<string, SourceItem>();
  readonly #abort = new AbortController();
  #walk: AsyncIterator<SourceItem> | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(source: Source) {
    this.#source = source;
  }

  /** The first n items, fewer when the source holds fewer. */
  async first(n: number): Promise<readonly SourceItem[]> {
    await this.#until(() => this.#met.size >= n);
    return [...this.#met.values()].slice(0, n);
  }

  /** Undefined: the source no longer holds it. */
  async find(key: string): Promise<SourceItem | undefined> {
    await this.#until(() => this.#met.has(key));
    return this.#met.get(key);
  }

  /** The encoded bytes of an item. Throws when it is gone. */
  async load(key: string): Promise<Blob> {
    const item = await this.find(key);
    if (item === undefined) {
      throw new Error('This image is no longer in the source. Choose the source again to refresh it.');
    }
    return item.load(this.#abort.signal);
  }

  dispose(): void {
    this.#abort.abort();
    this.#met.clear();
  }

  /** One walker for all callers: each waits for its turn and goes on where the last one stopped. */
  #until(enough: () => boolean): Promise<void> {
    const turn = this.#turn
      .catch(() => undefined)
      .then(async () => {
        while (!enough()) {
          this.#walk ??= this.#source.items(this.#abort.signal)[Symbol.asyncIterator]();
          const next = await this.#walk.next().catch((error: unknown) => {
            // A walk that failed cannot be continued; the next caller starts a new one.
            this.#walk = null;
            throw error;
          });
          if (next.done === true) return;
          this.#met.set(next.value.key, next.value);
        }
      });
    this.#turn = turn;
    return turn;
  }
}
