import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';

/** Vite puts a hash of the content into the name of everything under `assets/`. */
const hashed = '/assets/';
const aYear = 'public, max-age=31536000, immutable';

/** The built app: its files, and index.html for every address that a person opens. */
export function appRoutes(appDir: string): Hono {
  const routes = new Hono();

  routes.use(async (c, next) => {
    await next();
    if (!c.res.ok || c.res.headers.has('Cache-Control')) return;
    c.header('Cache-Control', c.req.path.startsWith(hashed) ? aYear : 'no-cache');
  });
  // Folder and page are looked for per request, and not at start: a build that ends later is served too.
  routes.get('*', async (c, next) => (existsSync(appDir) ? serveStatic({ root: appDir })(c, next) : next()));
  routes.get('*', async (c, next) => {
    if (!wantsPage(c.req.path, c.req.header('accept'))) return next();
    if (existsSync(join(appDir, 'index.html'))) {
      return serveStatic({ root: appDir, path: 'index.html' })(c, next);
    }
    return c.text('The app is not built yet. Run "npm run build" and reload this page.\n', 503);
  });
  return routes;
}

/** A deep link of the app, and not a missing script, for which a page would be a confusing answer. */
function wantsPage(path: string, accept = ''): boolean {
  if (path === '/') return true;
  return accept.includes('text/html') && !path.startsWith(hashed) && !/\.\w+$/u.test(path);
}
