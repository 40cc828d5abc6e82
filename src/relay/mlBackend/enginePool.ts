import type { Engine } from '../../engine/types.ts';
import type { CatalogModel } from '../modelCatalog.ts';

export type OpenEngine = (model: CatalogModel) => Promise<Engine>;

/** Engines that are kept: the model of now, and the one before or of another project. */
const mostEngines = 2;
/** A model that could not be loaded is not tried again for every image. */
const failureMs = 30_000;

interface Held {
  readonly engine: Promise<Engine>;
  readonly failedAt: () => number | null;
}

/** One native engine a model, loaded when first asked for; the one that was not used for longest goes first. */
export class EnginePool {
  readonly #open: OpenEngine;
  readonly #now: () => number;
  /** By model version, least recently used first. */
  readonly #held = new Map<string, Held>();

  constructor(open: OpenEngine = openNativeEngine, now: () => number = () => Date.now()) {
    this.#open = open;
    this.#now = now;
  }

  get(model: CatalogModel): Promise<Engine> {
    const known = this.#held.get(model.version);
    const failedAt = known?.failedAt() ?? null;
    const held =
      known === undefined || (failedAt !== null && this.#now() - failedAt > failureMs)
        ? this.#load(model)
        : known;
    this.#held.delete(model.version);
    this.#held.set(model.version, held);
    const [oldest] = this.#held.keys();
    if (this.#held.size > mostEngines && oldest !== undefined) void this.#drop(oldest);
    return held.engine;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#held.keys()].map((version) => this.#drop(version)));
  }

  #load(model: CatalogModel): Held {
    let failedAt: number | null = null;
    const engine = this.#open(model);
    engine.catch(() => {
      failedAt = this.#now();
    });
    return { engine, failedAt: () => failedAt };
  }

  /** What it has begun, it ends: `dispose` waits for the image that is inferred. */
  async #drop(version: string): Promise<void> {
    const held = this.#held.get(version);
    this.#held.delete(version);
    await held?.engine.then((engine) => engine.dispose()).catch(() => undefined);
  }
}

/** Loaded late: the runtime is large, and absent where npm could not install it. */
async function openNativeEngine(model: CatalogModel): Promise<Engine> {
  const { createNativeEngine } = await import('../../engine/native/createNativeEngine.ts');
  return createNativeEngine({ modelDir: model.folder });
}
