import type { ItemResult, ResultStore } from '../../store/types.ts';

/** As many as fill some screens; a result with a hundred boxes takes some ten kilobytes. */
const KEEP = 300;

interface Wanted {
  readonly promise: Promise<ItemResult | undefined>;
  readonly resolve: (result: ItemResult | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

/** The results in view and those used last: what is asked for in one go is read in one transaction. */
export class ResultWindow {
  readonly #store: () => Promise<ResultStore>;
  readonly #sourceId: string;
  readonly #modelVersion: string;
  /** In the order of use: oldest first. */
  readonly #held = new Map<string, ItemResult>();
  #wanted = new Map<string, Wanted>();

  constructor(store: () => Promise<ResultStore>, sourceId: string, modelVersion: string) {
    this.#store = store;
    this.#sourceId = sourceId;
    this.#modelVersion = modelVersion;
  }

  /** How many are in memory. */
  get held(): number {
    return this.#held.size;
  }

  /** What is here already; undefined does not say that there is none. */
  peek(key: string): ItemResult | undefined {
    const result = this.#held.get(key);
    if (result !== undefined) this.keep(result);
    return result;
  }

  /** Undefined: nothing is stored under this key. Rejects with `StoreError`. */
  read(key: string): Promise<ItemResult | undefined> {
    const here = this.peek(key);
    if (here !== undefined) return Promise.resolve(here);
    const asked = this.#wanted.get(key);
    if (asked !== undefined) return asked.promise;
    const { promise, resolve, reject } = withResolvers();
    if (this.#wanted.size === 0) queueMicrotask(() => void this.#readWanted());
    this.#wanted.set(key, { promise, resolve, reject });
    return promise;
  }

  /** Puts the newest state of a result here. */
  keep(result: ItemResult): void {
    this.#held.delete(result.key);
    this.#held.set(result.key, result);
    for (const key of this.#held.keys()) {
      if (this.#held.size <= KEEP) return;
      this.#held.delete(key);
    }
  }

  async #readWanted(): Promise<void> {
    const wanted = this.#wanted;
    this.#wanted = new Map();
    try {
      const store = await this.#store();
      const found = await store.some(this.#sourceId, this.#modelVersion, [...wanted.keys()]);
      // A result of the run that has come meanwhile is newer.
      for (const result of found) if (!this.#held.has(result.key)) this.keep(result);
      const read = new Map(found.map((result) => [result.key, result]));
      for (const [key, { resolve }] of wanted) resolve(this.#held.get(key) ?? read.get(key));
    } catch (error) {
      for (const { reject } of wanted.values()) reject(error);
    }
  }
}

function withResolvers(): Wanted {
  let resolve: Wanted['resolve'] = () => undefined;
  let reject: Wanted['reject'] = () => undefined;
  const promise = new Promise<ItemResult | undefined>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
}
