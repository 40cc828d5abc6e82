import type { MiddlewareHandler } from 'hono';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether only this machine can reach an address that is listened on. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || host.startsWith('127.');
}

/**
 * Refuses requests whose Host header names another machine. A page of a stranger can make its own name
 * point to 127.0.0.1 (DNS rebinding) and would then read this server as if it were its own; the name that
 * the browser sends gives it away. Only for a loopback address: elsewhere the names are the network's.
 */
export function hostGuard(host: string): MiddlewareHandler {
  const allowed = new Set(['localhost', '127.0.0.1', '[::1]', host.includes(':') ? `[${host}]` : host]);
  return async (c, next) => {
    const name = hostName(c.req.header('host') ?? new URL(c.req.url).host);
    if (isLoopback(host) && (name === null || !allowed.has(name))) {
      return c.text(
        'This server answers only under its own address. Open it as http://127.0.0.1 with its port.\n',
        403,
      );
    }
    await next();
    return;
  };
}

/** Refuses requests that change something and come from the page of another site. */
export function originGuard(): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header('origin');
    if (!safeMethods.has(c.req.method) && origin !== undefined) {
      const own = c.req.header('host') ?? new URL(c.req.url).host;
      if (!URL.canParse(origin) || new URL(origin).host !== own) {
        return c.text('Requests of other sites are refused. Use the page that this server serves.\n', 403);
      }
    }
    await next();
    return;
  };
}

/** 'localhost:9090' -> 'localhost', '[::1]:9090' -> '[::1]'; null when it is no host. */
function hostName(header: string): string | null {
  const url = `http://${header}`;
  if (!/^[\w.:[\]-]+$/u.test(header) || !URL.canParse(url)) return null;
  return new URL(url).hostname;
}
