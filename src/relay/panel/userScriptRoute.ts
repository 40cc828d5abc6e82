import { Hono } from 'hono';
import { userScript } from '../../panel/bookmarklet.ts';
import { packageVersion } from '../home.ts';

/**
 * `GET /forelabel.user.js`: the user script that loads the bridge from here, under the name by which it was asked for.
 *
 * @param publicUrl the relay's address where a proxy stands before it; null: the Host header, which the guard has seen
 */
export function userScriptRoute(publicUrl: () => string | null): Hono {
  const routes = new Hono();
  routes.get('/forelabel.user.js', (c) => {
    const host = c.req.header('host') ?? new URL(c.req.url).host;
    const named = publicUrl();
    const own = named !== null && new URL(named).host === host ? new URL(named).origin : `http://${host}`;
    c.header('Content-Type', 'text/javascript; charset=utf-8');
    c.header('Cache-Control', 'no-cache');
    return c.body(userScript(own, packageVersion));
  });
  return routes;
}
