import type { Context, MiddlewareHandler } from 'hono';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether a method only reads. */
export const isSafeMethod = (method: string): boolean => safeMethods.has(method);

/** Whether only this machine can reach an address that is listened on. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || host.startsWith('127.');
}

/**
 * Whether a request comes from this machine to a server that only this machine reaches. One that a proxy has passed
 * on comes from anywhere: proxies keep the public name as Host, or say for whom they ask.
 */
export function isLocalRequest(c: Context, host: string): boolean {
  if (!isLoopback(host)) return false;
  if (['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'].some((name) => c.req.header(name))) {
    return false;
  }
  const name = hostName(hostHeader(c));
  return name !== null && /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/u.test(name);
}

/**
 * Refuses requests whose Host header names another machine. A page of a stranger can make its own name
 * point to 127.0.0.1 (DNS rebinding) and would then read this server as if it were its own; the name that
 * the browser sends gives it away. Only for a loopback address: elsewhere the names are the network's, and
 * everything needs the secret.
 *
 * @param hosts more names, with or without a port: those of a proxy, or of this machine as Label Studio calls it
 */
export function hostGuard(host: string, hosts: readonly string[] = []): MiddlewareHandler {
  const more = hosts.map((name) => hostName(name)).filter((name) => name !== null);
  const own = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const allowed = new Set(['localhost', '127.0.0.1', '[::1]', own, ...more]);
  return async (c, next) => {
    const name = hostName(hostHeader(c));
    if (name === null || (isLoopback(host) && !allowed.has(name))) {
      return c.text(
        'This server answers only under its own address. Open it as http://127.0.0.1 with its port.\n',
        403,
      );
    }
    await next();
    return;
  };
}

/**
 * Refuses what the page of another site asks for: everything that changes something, and everything that `isPrivate`
 * calls so. The app's own files may be loaded from anywhere.
 *
 * @param hosts names (with their port, if it is not the usual one) under which the page may have been opened, besides
 *   the one that it asks
 */
export function originGuard(
  hosts: readonly string[],
  isPrivate: (path: string) => boolean,
): MiddlewareHandler {
  const isOwn = (origin: string, own: string): boolean => {
    if (!URL.canParse(origin)) return false;
    const { host } = new URL(origin);
    return host === own || hosts.includes(host);
  };
  return async (c, next) => {
    if (!isSafeMethod(c.req.method) || isPrivate(c.req.path)) {
      const origin = c.req.header('origin');
      // Browsers set it, pages cannot; reads of the same origin carry no Origin.
      const site = c.req.header('sec-fetch-site') ?? 'none';
      const foreign = origin !== undefined && !isOwn(origin, hostHeader(c));
      if (foreign || (site !== 'same-origin' && site !== 'none')) {
        return c.text('Requests of other sites are refused. Use the page that this server serves.\n', 403);
      }
    }
    await next();
    return;
  };
}

function hostHeader(c: Context): string {
  return c.req.header('host') ?? new URL(c.req.url).host;
}

/** 'localhost:9090' -> 'localhost', '[::1]:9090' -> '[::1]'; null when it is no host. */
function hostName(header: string): string | null {
  const url = `http://${header}`;
  if (!/^[\w.:[\]-]+$/u.test(header) || !URL.canParse(url)) return null;
  return new URL(url).hostname;
}
