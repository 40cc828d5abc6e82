import { Hono } from 'hono';
import type { Logger } from 'pino';
import { appRoutes } from './appRoutes.ts';
import { hostGuard, originGuard } from './guards.ts';
import { pageHeaders } from './headers.ts';
import { packageVersion } from './home.ts';
import type { Catalog } from './modelCatalog.ts';
import { modelRoutes } from './modelRoutes.ts';

export interface RelayOptions {
  /** Folder of the built app (`dist/app`). */
  readonly appDir: string;
  /** The models to offer, as they are at the time of a request. */
  readonly models: () => Promise<Catalog>;
  /** What the server is bound to; decides which Host headers are answered. */
  readonly host: string;
  readonly log: Logger;
  /** More routes, behind the guards and before the app's own. */
  readonly extend?: (app: Hono) => void;
}

/** The answer of `GET /health`; its first field is what Label Studio expects of an ML backend. */
export interface Health {
  readonly status: 'UP';
  readonly app: 'forelabel';
  readonly version: string;
}

/** The relay as a request handler: `app.fetch` for a server, `app.request` for tests. */
export function createRelay(options: RelayOptions): Hono {
  const { log } = options;
  const app = new Hono();

  app.use(async (c, next) => {
    const started = performance.now();
    await next();
    // The path only: a query may hold what the user would not want in a log.
    log.debug({
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      ms: Math.round(performance.now() - started),
    });
  });
  app.use(pageHeaders());
  app.use(hostGuard(options.host));
  app.use(originGuard());

  app.get('/health', (c) => {
    const health: Health = { status: 'UP', app: 'forelabel', version: packageVersion };
    return c.json(health);
  });
  app.route('/models', modelRoutes(options.models));
  options.extend?.(app);
  app.route('/', appRoutes(options.appDir));

  app.notFound((c) => c.text('There is nothing at this address.\n', 404));
  app.onError((error, c) => {
    log.error({ path: c.req.path, err: error }, 'request failed');
    return c.text('The request failed inside Forelabel. Its log says why.\n', 500);
  });
  return app;
}
