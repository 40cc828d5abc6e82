import { Hono } from 'hono';
import * as v from 'valibot';
import { webOrigin } from '../../labelstudio/address.ts';
import type { PanelOriginList } from '../../panel/origins.ts';
import { refuse } from '../auth/refusal.ts';
import type { PanelOrigins } from './panelOrigins.ts';

const bodySchema = v.object({ origin: v.pipe(v.string(), v.maxLength(300)) });

/**
 * GET, POST `{origin}` and DELETE `?origin=` of `/panel/origins`, to be mounted at `/api`. The guards see to it that only
 * pages of this server ask, and that only those with the secret change anything.
 */
export function panelRoutes(origins: PanelOrigins): Hono {
  const routes = new Hono();
  const list = async (): Promise<PanelOriginList> => ({ origins: await origins.list() });

  routes.get('/panel/origins', async (c) => c.json<PanelOriginList>(await list()));

  routes.post('/panel/origins', async (c) => {
    const body = v.safeParse(bodySchema, await c.req.json().catch(() => null));
    const origin = body.success ? webOrigin(body.output.origin) : null;
    if (origin === null) {
      return refuse(
        c,
        400,
        'bad-origin',
        'This is not the origin of a web page. Send it like http://localhost:8080, without a path; for IPv6, open Label Studio under a name.',
      );
    }
    if (!(await origins.allow(origin))) {
      return refuse(
        c,
        409,
        'too-many-origins',
        'Too many pages are allowed already. Remove one of them first.',
      );
    }
    return c.json<PanelOriginList>(await list());
  });

  routes.delete('/panel/origins', async (c) => {
    await origins.remove(c.req.query('origin') ?? '');
    return c.json<PanelOriginList>(await list());
  });

  return routes;
}
