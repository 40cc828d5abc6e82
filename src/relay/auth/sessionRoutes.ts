import { Hono } from 'hono';
import * as v from 'valibot';
import type { ApiProblem } from '../../training/api.ts';
import { checkSecret, giveSession, type AuthOptions } from './authGuard.ts';
import { loginPage } from './loginPage.ts';

const bodySchema = v.object({ secret: v.pipe(v.string(), v.minLength(1), v.maxLength(1000)) });

/** POST /api/session takes the secret, from the login page's form or as JSON, and gives the cookie. */
export function sessionRoutes(options: AuthOptions): Hono {
  const routes = new Hono();
  routes.post('/api/session', async (c) => {
    const isForm = c.req.header('content-type')?.startsWith('application/json') !== true;
    const body: unknown = await (isForm ? c.req.parseBody() : c.req.json()).catch(() => null);
    const parsed = v.safeParse(bodySchema, body);
    const refusal = checkSecret(c, options, parsed.success ? parsed.output.secret.trim() : '');
    if (refusal !== null) {
      if (!isForm) return refusal;
      const { error } = (await refusal.json()) as ApiProblem;
      return loginPage(c, refusal.status === 429 ? 429 : 401, error.message);
    }
    giveSession(c, options.secret, 30);
    return isForm ? c.redirect('/', 303) : c.body(null, 204);
  });
  return routes;
}
