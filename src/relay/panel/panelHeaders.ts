import type { MiddlewareHandler } from 'hono';

/** The panel's page, and the script that Label Studio's page loads to show it. */
export const panelPage = '/panel.html';
export const panelBridge = '/bridge.js';

/**
 * What differs for the panel, to be mounted before `pageHeaders`:
 * - its page may be framed by the allowed origins and by nobody else; not isolated, as the pages that frame it are not;
 * - it calls nobody but this server: images come to it through Label Studio's page, and go nowhere;
 * - the bridge may be loaded by any page. It holds nothing that is not public.
 *
 * Every other address, also another spelling of these two, keeps the headers that all pages have.
 */
export function panelHeaders(allowed: () => Promise<readonly string[]>): MiddlewareHandler {
  return async (c, next) => {
    await next();
    if (c.req.path === panelBridge) c.header('Cross-Origin-Resource-Policy', 'cross-origin');
    if (c.req.path !== panelPage || !c.res.ok) return;
    const ancestors = await allowed();
    const policy = c.res.headers.get('Content-Security-Policy') ?? '';
    c.header(
      'Content-Security-Policy',
      policy
        .replace(/frame-ancestors [^;]*/u, `frame-ancestors ${ancestors.join(' ') || "'none'"}`)
        .replace(/connect-src [^;]*/u, "connect-src 'self' blob: data:")
        .replace(/img-src [^;]*/u, "img-src 'self' blob: data:"),
    );
    for (const name of ['X-Frame-Options', 'Cross-Origin-Opener-Policy', 'Cross-Origin-Embedder-Policy']) {
      c.res.headers.delete(name);
    }
    // Kept by a browser, it would outlive the removal of an origin.
    c.header('Cache-Control', 'no-store');
  };
}
