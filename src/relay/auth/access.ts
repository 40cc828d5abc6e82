import type { Context } from 'hono';
import { engineAddresses } from '../../engine/relayProtocol.ts';
import { isSafeMethod } from '../guards.ts';

/** What a request needs: nothing; nothing, but no wrong secret; the secret; the secret, else the login page. */
export type Access = 'open' | 'optional' | 'secret' | 'page';

/** Where Label Studio calls. */
const mlPaths = new Set(['/setup', '/predict', '/webhook', '/train', '/versions', '/metrics']);

export const isMlPath = (path: string): boolean => mlPaths.has(path);

/**
 * - On this machine: what changes something or makes the machine work under /api needs the secret, and so do images,
 *   which are fetched with the user's token. Label Studio is not asked for it here.
 * - From elsewhere: everything but the state of health, the login, and the files that the app is made of.
 */
export function accessOf(c: Context, local: boolean): Access {
  const { path, method } = c.req;
  const reads = isSafeMethod(method);
  if (reads && path === '/health') return 'open';
  if (path === '/api/session') return 'open';
  if (local) {
    if (isMlPath(path)) return 'optional';
    if (!path.startsWith('/api/')) return 'open';
    return reads && path !== '/api/media' && path !== engineAddresses.socket ? 'optional' : 'secret';
  }
  if (isMlPath(path) || /^\/(?:api|models)(?:\/|$)/u.test(path)) return 'secret';
  if (!reads) return 'secret';
  if (isAppFile(path)) return 'open';
  return path === '/' || (c.req.header('accept') ?? '').includes('text/html') ? 'page' : 'secret';
}

/** A file of the built app: scripts, styles, pictures. Its pages are looked at like everything else. */
function isAppFile(path: string): boolean {
  return /\.\w+$/u.test(path) && !/\.html?$/iu.test(path);
}
