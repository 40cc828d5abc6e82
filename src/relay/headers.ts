import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';

/**
 * The headers of every answer.
 * - COOP, COEP: the page is cross-origin isolated, so that wasm may use threads. Worker scripts need COEP too.
 * - connect-src is open: Label Studio and its image hosts live anywhere, and the user types their address.
 * - Inline styles are what Lit and Web Awesome set; scripts come from here only.
 */
export function pageHeaders(): MiddlewareHandler {
  return secureHeaders({
    crossOriginOpenerPolicy: 'same-origin',
    crossOriginEmbedderPolicy: 'require-corp',
    crossOriginResourcePolicy: 'same-origin',
    referrerPolicy: 'no-referrer',
    xFrameOptions: 'SAMEORIGIN',
    // Plain http on this machine: a promise of https would lock users out of localhost.
    strictTransportSecurity: false,
    contentSecurityPolicy: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
      workerSrc: ["'self'", 'blob:'],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'blob:', 'data:', '*'],
      fontSrc: ["'self'", 'data:'],
      connectSrc: ["'self'", '*', 'blob:', 'data:'],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'self'"],
    },
  });
}

/**
 * What is under /api is data, also where it looks like a document: an image of Label Studio's that is opened by itself
 * may run nothing and belongs to no origin.
 */
export function apiHeaders(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    // The form to log in comes again when the secret was wrong.
    if (c.req.path === '/api/session') return;
    c.header('Content-Security-Policy', "default-src 'none'; sandbox");
    if (!c.res.headers.has('Cache-Control')) c.header('Cache-Control', 'no-store');
  };
}
