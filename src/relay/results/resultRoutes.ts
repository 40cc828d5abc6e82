import { Hono } from 'hono';
import * as v from 'valibot';
import { storedResultSchema } from '../../training/api.ts';
import { refuse } from '../auth/refusal.ts';
import type { ResultStore } from './resultTable.ts';

const bodySchema = v.strictObject({ results: v.array(storedResultSchema) });

/** PUT `/results`, to be mounted at `/api`: what the page has detected, so that Label Studio need not ask for it again. */
export function resultRoutes(results: ResultStore): Hono {
  const routes = new Hono();
  routes.put('/results', async (c) => {
    const body = v.safeParse(bodySchema, await c.req.json().catch(() => null));
    if (!body.success) {
      const where = v.getDotPath(body.issues[0]) ?? 'the body';
      return refuse(
        c,
        400,
        'bad-results',
        `The results cannot be read (${where}). Reload the page, so that it fits this version of Forelabel.`,
      );
    }
    await results.put(body.output.results);
    return c.body(null, 204);
  });
  return routes;
}
