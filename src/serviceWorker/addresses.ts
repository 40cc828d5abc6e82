/** What the service worker may answer itself, by address. Everything else goes to the network untouched. */

/**
 * Pages that are not the app: their headers, and what they may do, are the relay's to say each time. The panel is
 * framed by Label Studio and must not get the app's isolation; engine.html is opened by the command line alone.
 */
const otherPages: readonly string[] = ['/panel.html', '/engine.html', '/bridge.js', '/sw.js'];

/** What the relay answers anew each time: lists, jobs, models, and Label Studio's calls. */
const live = /^\/(?:api|models|setup|predict|webhook|train|versions|metrics|health)(?:\/|$)/u;

/** True for an address at which a person opens the app; false for everything that is not its page. */
export function isAppPage(pathname: string): boolean {
  if (otherPages.includes(pathname) || live.test(pathname)) return false;
  return pathname === '/index.html' || !/\.\w+$/u.test(pathname);
}

/** True for the WebAssembly files, which are kept when they are used and not before: they are 14 and 27 MB. */
export function isWasm(pathname: string): boolean {
  return pathname.startsWith('/assets/') && pathname.endsWith('.wasm');
}

/** Of them, true for the one that WebGPU needs, which can wait for the GPU in the middle of a call. */
export function isGpuWasm(pathname: string): boolean {
  return isWasm(pathname) && pathname.includes('.asyncify');
}
