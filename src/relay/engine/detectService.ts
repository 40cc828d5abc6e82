import { ManifestError } from '../../detector/manifest.ts';
import { EngineError } from '../../engine/errors.ts';
import type { DetectAnswer, EngineProblem, LoadAnswer } from '../../engine/relayProtocol.ts';
import type { Catalog, CatalogModel } from '../modelCatalog.ts';
import type { EnginePool } from './enginePool.ts';
import { FairQueue, QueueFullError } from './fairQueue.ts';

/** One is inferred and two are decoded meanwhile. */
const atOnce = 3;
/** Our page never has more than three on their way; what waits is held in memory. */
const mostWaiting = 16;

export interface DetectServiceOptions {
  readonly models: () => Promise<Pick<Catalog, 'models'>>;
  readonly engines: Pick<EnginePool, 'info' | 'detect'>;
}

/** What somebody asks for is not there. */
export class NoSuchModelError extends Error {
  override readonly name = 'NoSuchModelError';
}

/** Whose image it is, and what is to look at it. */
export interface Asked {
  /** A model version. */
  readonly model: string;
  /** Any name that tells pages apart, which take turns. */
  readonly page: string;
}

/**
 * The native engine for pages, however they reach it. An image is in memory until it is answered, and nowhere else: it
 * is neither kept nor logged.
 */
export class DetectService {
  readonly #options: DetectServiceOptions;
  readonly #queue = new FairQueue(atOnce, mostWaiting);
  /** Models that have been asked for. A version never changes, and reading all manifests for each image costs some milliseconds. */
  readonly #known = new Map<string, CatalogModel>();

  constructor(options: DetectServiceOptions) {
    this.#options = options;
  }

  /** Throws `NoSuchModelError`, and what loading throws. */
  async load(version: string): Promise<LoadAnswer> {
    return this.#with(version, async (model) => {
      const { modelVersion, device, why, warmUpMs } = await this.#options.engines.info(model);
      return { modelVersion, device, why, warmUpMs };
    });
  }

  /** Throws `NoSuchModelError`, `QueueFullError`, what the engine throws, or the reason of `signal`. */
  async detect(asked: Asked, arriving: Promise<Blob>, signal: AbortSignal): Promise<DetectAnswer> {
    // Heard when its turn comes; until then it is not unhandled.
    arriving.catch(() => undefined);
    return this.#with(asked.model, async (model) => {
      const image = await arriving;
      const arrived = performance.now();
      const { width, height, detections, timings } = await this.#queue.add(asked.page, signal, () =>
        this.#options.engines.detect(model, image, signal),
      );
      return { width, height, detections: [...detections], timings, heldMs: performance.now() - arrived };
    });
  }

  async #with<T>(version: string, work: (model: CatalogModel) => Promise<T>): Promise<T> {
    const model = this.#known.get(version) ?? (await this.#find(version));
    this.#known.set(version, model);
    try {
      return await work(model);
    } catch (error) {
      // Its folder may have been taken away: the next request looks.
      this.#known.delete(version);
      throw error;
    }
  }

  async #find(version: string): Promise<CatalogModel> {
    const model = (await this.#options.models()).models.find((each) => each.version === version);
    if (model === undefined) throw new NoSuchModelError();
    return model;
  }
}

/** A failure as the page hears it; null for one that is the relay's own. */
export function engineProblem(error: unknown): (EngineProblem & { readonly status: ProblemStatus }) | null {
  if (error instanceof NoSuchModelError) {
    return {
      status: 404,
      error: {
        code: 'model-not-found',
        message: 'Forelabel’s relay does not have this model. Reload the page and choose one that is listed.',
      },
    };
  }
  if (error instanceof QueueFullError) {
    return {
      status: 429,
      error: {
        code: 'too-many-images',
        message: `More than ${mostWaiting} images of this page wait already. Send the next one when one is answered.`,
      },
    };
  }
  const known = error instanceof ManifestError ? new EngineError('model-invalid', error.message) : error;
  if (!(known instanceof EngineError)) return null;
  const { code, message, detail } = known;
  return {
    // 422: it is the image. 503: it is this machine, or the model on it.
    status: code.startsWith('image-') ? 422 : 503,
    error: { code, message, ...(detail !== undefined && { detail }) },
  };
}
export type ProblemStatus = 404 | 422 | 429 | 503;
