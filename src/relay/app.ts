import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import type { Logger } from 'pino';
import { appRoutes } from './appRoutes.ts';
import { isMlPath } from './auth/access.ts';
import { createAttempts } from './auth/attempts.ts';
import { authGuard, pageSession, type AuthOptions } from './auth/authGuard.ts';
import { secretCheck } from './auth/secretCheck.ts';
import { sessionRoutes } from './auth/sessionRoutes.ts';
import { bodyLimits } from './bodyLimits.ts';
import { hostGuard, originGuard } from './guards.ts';
import { apiHeaders, pageHeaders } from './headers.ts';
import { packageVersion } from './home.ts';
import type { Catalog } from './modelCatalog.ts';
import { modelRoutes } from './modelRoutes.ts';
import { panelHeaders } from './panel/panelHeaders.ts';

export interface RelayOptions {
  /** Folder of the built app (`dist/app`). */
  readonly appDir: string;
  /** The models to offer, as they are at the time of a request. */
  readonly models: () => Promise<Catalog>;
  /** What the server is bound to; decides which Host headers are answered, and who needs the secret. */
  readonly host: string;
  /** More names under which it is reached, with their port if it is not the usual one: a proxy's, or Label Studio's for it. */
  readonly hosts?: readonly string[];
  /** The installation's secret. Without one, nobody knows it: only the page on this machine may change anything. */
  readonly secret?: string;
  readonly log: Logger;
  /** Origins whose pages may frame the panel, as they are at the time of a request; none without it. */
  readonly panelOrigins?: () => Promise<readonly string[]>;
  /** More routes, behind the guards and before the app's own. */
  readonly extend?: (app: Hono) => void;
  /** Routes under `/api`, behind the guards: what changes something has come with the secret. */
  readonly api?: (api: Hono) => void;
}

/** The answer of `GET /health`; its first field is what Label Studio expects of an ML backend. */
export interface Health {
  readonly status: 'UP';
  readonly app: 'forelabel';
  readonly version: string;
}

/** The relay as a request handler: `app.fetch` for a server, `app.request` for tests. */
export function createRelay(options: RelayOptions): Hono {
  const { log, host, hosts = [] } = options;
  const auth: AuthOptions = {
    secret: secretCheck(options.secret ?? randomBytes(32).toString('base64url')),
    attempts: createAttempts(),
    host,
  };
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
  // Before the page's headers, so that these have the last word.
  app.use('/api/*', apiHeaders());
  app.use(panelHeaders(options.panelOrigins ?? (() => Promise.resolve([]))));
  app.use(pageHeaders());
  app.use(hostGuard(host, hosts));
  app.use(originGuard(hosts, (path) => path.startsWith('/api/') || isMlPath(path)));
  app.use(authGuard(auth));
  app.use(bodyLimits());
  app.use(pageSession(auth));

  app.get('/health', (c) => {
    const health: Health = { status: 'UP', app: 'forelabel', version: packageVersion };
    return c.json(health);
  });
  app.route('/', sessionRoutes(auth));
  app.route('/models', modelRoutes(options.models));
  options.extend?.(app);
  if (options.api) {
    const api = new Hono();
    options.api(api);
    app.route('/api', api);
  }
  // An address of the interface is never the app's page.
  app.all('/api/*', (c) => c.notFound());
  app.route('/', appRoutes(options.appDir));

  app.notFound((c) => c.text('There is nothing at this address.\n', 404));
  app.onError((error, c) => {
    log.error({ path: c.req.path, err: error }, 'request failed');
    return c.text('The request failed inside Forelabel. Its log says why.\n', 500);
  });
  return app;
}
