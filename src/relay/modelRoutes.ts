import { createHash } from 'node:crypto';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { etag } from 'hono/etag';
import { findModel, type Catalog, type CatalogModel, type ModelOrigin } from './modelCatalog.ts';
import type { Manifest } from '../detector/manifest.ts';

/** One entry of `GET /models`. */
export interface ListedModel {
  readonly name: string;
  readonly version: string;
  readonly origin: ModelOrigin;
  /** Where its files are: `<url>model.json`, `<url><files[].path>`. */
  readonly url: string;
  readonly manifest: Manifest;
}

/** The answer of `GET /models`. */
export interface ModelList {
  readonly models: readonly ListedModel[];
  readonly problems: readonly string[];
}

/**
 * `GET /models` and `GET /models/<version or name>/<file>`. Only model.json and the files that it names are
 * served, so no path of a request ever reaches the file system. The catalog is asked each time: a model that
 * is added while the relay runs is there at once.
 */
export function modelRoutes(catalog: () => Promise<Catalog>): Hono {
  const routes = new Hono();
  routes.use(etag());

  routes.get('/', async (c) => {
    const { models, problems } = await catalog();
    const list: ModelList = {
      models: models.map(({ name, version, origin, manifest }) => {
        return { name, version, origin, url: `/models/${version}/`, manifest };
      }),
      problems: problems.map(({ message }) => message),
    };
    c.header('Cache-Control', 'no-cache');
    return c.json(list);
  });

  routes.get('/:model/:file', async (c, next) => {
    const { models } = await catalog();
    const model = findModel(models, c.req.param('model'));
    const name = c.req.param('file');
    const tag = model && entityTag(model, name);
    if (!model || !tag) return c.json({ error: 'There is no such model file. GET /models lists them.' }, 404);
    c.header('Cache-Control', 'no-cache');
    c.header('ETag', `"${tag}"`);
    c.header('Accept-Ranges', 'bytes');
    return serveStatic({ root: model.folder, path: name })(c, next);
  });

  return routes;
}

/** Of a file of the manifest: its hash as the manifest states it. Undefined: not a file of this model. */
function entityTag(model: CatalogModel, name: string): string | undefined {
  if (name === 'model.json') {
    return createHash('sha256').update(JSON.stringify(model.manifest)).digest('hex');
  }
  return model.manifest.files.find(({ path }) => path === name)?.sha256;
}
