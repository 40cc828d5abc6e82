import { Hono } from 'hono';
import type { Context } from 'hono';
import { ManifestError } from '../../detector/manifest.ts';
import { EngineError } from '../../engine/errors.ts';
import {
  engineAddresses,
  type DetectAnswer,
  type EngineProblem,
  type LoadAnswer,
} from '../../engine/relayProtocol.ts';
import { refuse } from '../auth/refusal.ts';
import type { Catalog, CatalogModel } from '../modelCatalog.ts';
import type { EnginePool } from './enginePool.ts';
import { FairQueue, QueueFullError } from './fairQueue.ts';

/** One is inferred and two are decoded meanwhile. */
const atOnce = 3;
/** Our page never has more than three on their way; what waits is held in memory. */
const mostWaiting = 16;

export interface EngineRoutesOptions {
  readonly models: () => Promise<Pick<Catalog, 'models'>>;
  readonly engines: Pick<EnginePool, 'info' | 'detect'>;
}

/**
 * `POST /engine/load` and `POST /engine/detect` of `engineAddresses`, to be mounted at `/api`: the native engine, for
 * pages on machines that have nothing better. An image is in memory until it is answered, and nowhere else: it is
 * neither kept nor logged. A page that goes away takes its images with it.
 */
export function engineRoutes({ models, engines }: EngineRoutesOptions): Hono {
  const routes = new Hono();
  const queue = new FairQueue(atOnce, mostWaiting);
  /** Models that have been asked for. A version never changes, and reading all manifests for each image costs some milliseconds. */
  const known = new Map<string, CatalogModel>();
  const find = async (c: Context): Promise<CatalogModel | undefined> => {
    const version = c.req.query('model') ?? '';
    const model = known.get(version) ?? (await models()).models.find((each) => each.version === version);
    if (model !== undefined) known.set(version, model);
    return model;
  };

  routes.onError((error, c) => {
    // Who went away hears nothing of it.
    if (c.req.raw.signal.aborted) return refuse(c, 400, 'gone', 'The image was called back. Send it again.');
    // Its folder may have been taken away: the next request looks.
    known.delete(c.req.query('model') ?? '');
    if (error instanceof EngineError) return refuseAs(c, error);
    if (error instanceof ManifestError) return refuseAs(c, new EngineError('model-invalid', error.message));
    if (error instanceof QueueFullError) {
      return refuse(
        c,
        429,
        'too-many-images',
        `More than ${mostWaiting} images of this page wait already. Send the next one when one is answered.`,
      );
    }
    throw error;
  });

  routes.post(pathOf(engineAddresses.load), async (c) => {
    const model = await find(c);
    if (model === undefined) return noSuchModel(c);
    const { modelVersion, device, why, warmUpMs } = await engines.info(model);
    return c.json<LoadAnswer>({ modelVersion, device, why, warmUpMs });
  });

  routes.post(pathOf(engineAddresses.detect), async (c) => {
    const { signal } = c.req.raw;
    const [model, image] = await Promise.all([find(c), c.req.blob()]);
    if (model === undefined) return noSuchModel(c);
    const arrived = performance.now();
    const found = await queue.add(c.req.query('page') ?? '', signal, () =>
      engines.detect(model, image, signal),
    );
    const { width, height, detections, timings } = found;
    const heldMs = performance.now() - arrived;
    return c.json<DetectAnswer>({ width, height, detections: [...detections], timings, heldMs });
  });

  return routes;
}

const pathOf = (address: string): string => address.replace(/^\/api/u, '');

function noSuchModel(c: Context): Response {
  return refuse(
    c,
    404,
    'model-not-found',
    'Forelabel’s relay does not have this model. Reload the page and choose one that is listed.',
  );
}

/** 422: it is the image. 503: it is this machine, or the model on it. */
function refuseAs(c: Context, { code, message, detail }: EngineError): Response {
  const problem: EngineProblem = { error: { code, message, ...(detail !== undefined && { detail }) } };
  return c.json(problem, code.startsWith('image-') ? 422 : 503);
}
