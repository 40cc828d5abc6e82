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
      connectSrc: ['*', 'blob:', 'data:'],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'self'"],
    },
  });
}
