import type { Context } from 'hono';
import type { ApiProblem } from '../../training/api.ts';

export type RefusalStatus = 400 | 401 | 403 | 404 | 409 | 413 | 422 | 429 | 502;

/** A refusal as the relay's own interface words it; `message` has two sentences. */
export function refuse(c: Context, status: RefusalStatus, code: string, message: string): Response {
  // Not Basic: browsers would open a dialog of their own.
  if (status === 401) c.header('WWW-Authenticate', 'Bearer realm="forelabel"');
  return c.json<ApiProblem>({ error: { code, message } }, status);
}
