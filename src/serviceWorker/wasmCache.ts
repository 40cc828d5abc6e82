/** WebAssembly files by their address, which holds a hash of the content: a file that is here is the right one. */
const CACHE_NAME = 'forelabel-wasm';

/**
 * From the cache, else from the network and then kept. `ours`: the addresses of this build. `later` takes the work
 * that nobody waits for.
 */
export async function wasmAnswer(
  request: Request,
  ours: readonly string[],
  later: (work: Promise<unknown>) => void,
): Promise<Response> {
  const cache = await caches.open(CACHE_NAME);
  const kept = await cache.match(request.url);
  if (kept !== undefined) return kept;
  const response = await fetch(request);
  // Of another build, a page that waits for its reload still uses it, but nobody will after that.
  if (response.status === 200 && ours.includes(request.url))
    later(keep(cache, request.url, response.clone()));
  return response;
}

/**
 * Fetches what is wanted and not here yet, mostly out of the browser's own cache, and drops files of earlier builds.
 * `ours`: the addresses of this build.
 */
export async function keepWasm(wanted: readonly string[], ours: readonly string[]): Promise<void> {
  const cache = await caches.open(CACHE_NAME);
  for (const url of wanted) {
    if ((await cache.match(url)) !== undefined) continue;
    const response = await fetch(url, { cache: 'force-cache' }).catch(() => null);
    if (response?.status === 200) await keep(cache, url, response);
  }
  for (const { url } of await cache.keys()) if (!ours.includes(url)) await cache.delete(url);
}

async function keep(cache: Cache, url: string, response: Response): Promise<void> {
  // A full disk costs the next visit a download, not this one its engine.
  await cache.put(url, response).catch(() => undefined);
}
