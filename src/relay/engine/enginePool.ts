import { EngineError } from '../../engine/errors.ts';
import type { DetectResult, Engine, EngineInfo } from '../../engine/types.ts';
import type { CatalogModel } from '../modelCatalog.ts';
import { LargeImages } from './largeImages.ts';

export type OpenEngine = (model: CatalogModel) => Promise<Engine>;

/** Engines that are kept when nobody uses them: the model of now, and the one before or of another project. */
const mostIdle = 2;
/** Beyond these, an engine goes as soon as nobody has an image in it, however recently it was used. */
const mostWarm = 4;
/** So long one that was used may be about to be used again: loading costs more than its memory. */
const warmMs = 30_000;
/** A model that could not be loaded is not tried again for every image. */
const failureMs = 30_000;

interface Held {
  readonly engine: Promise<Engine>;
  /** Calls that have it now. */
  users: number;
  usedAt: number;
  failedAt: number | null;
  /** It has nothing left to run on. */
  lost: boolean;
}

/**
 * One native engine a model for the whole relay, loaded when first asked for. An engine that is in use is never taken
 * away; of the others, the one that was not used for longest goes first. One that has nothing left to run on is given to
 * nobody any more: who asks next has the model loaded anew.
 */
export class EnginePool {
  readonly #open: OpenEngine;
  readonly #now: () => number;
  /** By model version, least recently used first. */
  readonly #held = new Map<string, Held>();
  readonly #large = new LargeImages();
  #closed = false;

  constructor(open: OpenEngine, now: () => number = () => Date.now()) {
    this.#open = open;
    this.#now = now;
  }

  /** What a model runs on here; loads it. Throws what loading throws. */
  info(model: CatalogModel): Promise<EngineInfo> {
    return this.#use(model, (engine) => Promise.resolve(engine.info));
  }

  /**
   * Boxes of an image; a model is loaded while its image is on its way. Images that unfold to more than others go
   * through one at a time. Throws `EngineError`, what loading throws, or the reason of `signal`.
   */
  detect(model: CatalogModel, image: Blob | Promise<Blob>, signal: AbortSignal): Promise<DetectResult> {
    const arriving = Promise.resolve(image);
    // Heard when the engine is there; until then it is not unhandled.
    arriving.catch(() => undefined);
    return this.#use(model, async (engine) => {
      const blob = await arriving;
      return this.#large.inTurn(blob, () => engine.detect(blob, { signal }), signal);
    });
  }

  /** Lets the images end that are in an engine. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#held.keys()].map((version) => this.#drop(version)));
  }

  async #use<T>(model: CatalogModel, work: (engine: Engine) => Promise<T>): Promise<T> {
    if (this.#closed) throw new EngineError('disposed');
    const held = this.#hold(model);
    held.users += 1;
    this.#shrink();
    try {
      return await work(await held.engine);
    } catch (error) {
      if (held.failedAt === null && isLost(error)) this.#giveUp(model.version, held);
      throw error;
    } finally {
      held.users -= 1;
      held.usedAt = this.#now();
      if (held.lost && held.users === 0) void disposed(held);
      this.#shrink();
    }
  }

  /** Those who have it now may yet be answered by it; the last of them ends it. */
  #giveUp(version: string, held: Held): void {
    held.lost = true;
    if (this.#held.get(version) === held) this.#held.delete(version);
  }

  #hold(model: CatalogModel): Held {
    const known = this.#held.get(model.version);
    const failedAt = known?.failedAt ?? null;
    const stale = failedAt !== null && this.#now() - failedAt > failureMs;
    const held = known === undefined || stale ? this.#load(model) : known;
    this.#held.delete(model.version);
    this.#held.set(model.version, held);
    return held;
  }

  #load(model: CatalogModel): Held {
    const engine = this.#open(model);
    const held: Held = { engine, users: 0, usedAt: this.#now(), failedAt: null, lost: false };
    engine.catch(() => {
      held.failedAt = this.#now();
    });
    return held;
  }

  /** Three models in turn would otherwise be loaded anew for every image. */
  #shrink(): void {
    for (const [version, held] of [...this.#held]) {
      if (this.#held.size <= mostIdle) return;
      const warm = held.failedAt === null && this.#now() - held.usedAt < warmMs;
      if (held.users > 0 || (warm && this.#held.size <= mostWarm)) continue;
      void this.#drop(version);
    }
  }

  /** What it has begun, it ends: `dispose` waits for the image that is inferred. */
  async #drop(version: string): Promise<void> {
    const held = this.#held.get(version);
    this.#held.delete(version);
    if (held !== undefined) await disposed(held);
  }
}

async function disposed({ engine }: Held): Promise<void> {
  await engine.then((each) => each.dispose()).catch(() => undefined);
}

/** The native engine's word for it: its session failed, and no other could be opened. */
function isLost(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'device-lost';
}

/**
 * Opens the models of a catalog, with `gpu` on the GPU where it passes the self-test and is faster than the CPU.
 * The runtime is loaded late: it is large, and absent where npm could not install it.
 */
export function nativeEngines(options: {
  readonly gpu: boolean;
  /** Called when an engine has lost its GPU and goes on on the CPU. */
  readonly onInfo?: (info: EngineInfo) => void;
}): OpenEngine {
  return async (model) => {
    const { createNativeEngine } = await import('../../engine/native/createNativeEngine.ts').catch(
      (cause: unknown) => {
        throw new EngineError('backend-unavailable', 'ONNX Runtime is not installed here', { cause });
      },
    );
    const { gpu, onInfo } = options;
    return createNativeEngine({
      modelDir: model.folder,
      gpu: gpu ? 'auto' : false,
      ownThread: true,
      ...(onInfo && { onInfo }),
    });
  };
}
