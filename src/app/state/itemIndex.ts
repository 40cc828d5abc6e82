import type { Source, SourceItem } from '../../prelabel/types.ts';

/** Items that a search for single ones has found and that are remembered: those of some screens. */
const REMEMBER = 500;
/** How long to collect keys before they are asked for together. */
const TOGETHER_MS = 10;

/** The part of a source that holds some keys, for sources that can be asked for it. */
export type PartOf = (keys: readonly string[]) => Source;

interface Wanted {
  readonly promise: Promise<SourceItem | undefined>;
  readonly resolve: (item: SourceItem | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Finds a source's items by key, so that an image of an earlier run can be shown again. With `only`, neither the way
 * to an item nor what was met on it grows with the source; else the source is walked, no further than needed.
 */
export class ItemIndex {
  readonly #source: Source;
  readonly #only: PartOf | null;
  readonly #met = new Map<string, SourceItem>();
  /** In the order of use: oldest first. */
  readonly #found = new Map<string, SourceItem>();
  readonly #abort = new AbortController();
  #wanted = new Map<string, Wanted>();
  #walk: AsyncIterator<SourceItem> | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(source: Source, only: PartOf | null = null) {
    this.#source = source;
    this.#only = only;
  }

  /** The first n items, fewer when the source holds fewer. */
  async first(n: number): Promise<readonly SourceItem[]> {
    await this.#until(() => this.#met.size >= n);
    return [...this.#met.values()].slice(0, n);
  }

  /** Undefined: the source no longer holds it. */
  async find(key: string): Promise<SourceItem | undefined> {
    const here = this.#met.get(key) ?? this.#found.get(key);
    if (here !== undefined) return here;
    if (this.#only !== null) return this.#search(key, this.#only);
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
    this.#found.clear();
  }

  #search(key: string, only: PartOf): Promise<SourceItem | undefined> {
    const asked = this.#wanted.get(key);
    if (asked !== undefined) return asked.promise;
    let settle: Omit<Wanted, 'promise'> = { resolve: () => undefined, reject: () => undefined };
    const promise = new Promise<SourceItem | undefined>((resolve, reject) => (settle = { resolve, reject }));
    if (this.#wanted.size === 0) setTimeout(() => void this.#searchWanted(only), TOGETHER_MS);
    this.#wanted.set(key, { promise, ...settle });
    return promise;
  }

  async #searchWanted(only: PartOf): Promise<void> {
    const wanted = this.#wanted;
    this.#wanted = new Map();
    try {
      for await (const item of only([...wanted.keys()]).items(this.#abort.signal)) {
        this.#remember(item);
        wanted.get(item.key)?.resolve(item);
      }
      for (const { resolve } of wanted.values()) resolve(undefined);
    } catch (error) {
      for (const { reject } of wanted.values()) reject(error);
    }
  }

  #remember(item: SourceItem): void {
    this.#found.delete(item.key);
    this.#found.set(item.key, item);
    for (const oldest of this.#found.keys()) {
      if (this.#found.size <= REMEMBER) return;
      this.#found.delete(oldest);
    }
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
