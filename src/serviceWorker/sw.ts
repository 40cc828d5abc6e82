/**
 * The service worker: with it the app opens without a network after its first visit. It keeps the files of one
 * build (precached, by revision) and the WebAssembly that the engine has used (by the hash in its name). Models are
 * kept by the page itself, by SHA-256 (engine/client/modelCache.ts). Nothing under /api, /models or of Label Studio
 * passes through here, so none of it is ever answered from a copy.
 */
import { clientsClaim, setCacheNameDetails } from 'workbox-core';
import { addRoute, cleanupOutdatedCaches, matchPrecache, precache } from 'workbox-precaching';
import type { PrecacheEntry } from 'workbox-precaching';
import { registerRoute } from 'workbox-routing';
import { safeParse } from 'valibot';
import { isAppPage, isGpuWasm, isWasm } from './addresses.ts';
import { messageSchema } from './messages.ts';
import { keepWasm, wasmAnswer } from './wasmCache.ts';

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}

/** The part of ServiceWorkerGlobalScope that is used here. */
interface WorkerScope {
  readonly __WB_MANIFEST: readonly (PrecacheEntry | string)[];
  readonly location: { readonly href: string };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'message', listener: (event: ExtendableEvent & { data: unknown }) => void): void;
}

declare const self: WorkerScope;

/** A relay that takes longer than this to send its page is as good as away. */
const PATIENCE_MS = 3000;

const files = self.__WB_MANIFEST.map((entry) => (typeof entry === 'string' ? { url: entry } : entry));
const addressOf = (url: string): string => new URL(url, self.location.href).href;
const wasmFiles = files.map(({ url }) => addressOf(url)).filter((url) => isWasm(new URL(url).pathname));

// One beginning for all caches of ours: 'Delete everything' goes by it.
setCacheNameDetails({ prefix: 'forelabel' });
cleanupOutdatedCaches();
precache(files.filter(({ url }) => !isWasm(new URL(addressOf(url)).pathname)));
clientsClaim();

/**
 * The page of this build, whatever build the relay has by now: a page is changed when its user says so. The relay is
 * asked all the same: its answer renews the session's cookie, and may be its login page.
 */
registerRoute(
  ({ request, url, sameOrigin }) => sameOrigin && request.mode === 'navigate' && isAppPage(url.pathname),
  async ({ request }) => {
    const [kept, answer] = await Promise.all([matchPrecache('/index.html'), askRelay(request)]);
    if (kept === undefined) return answer ?? Response.error();
    if (answer === null || answer.status >= 500) return kept;
    if (!answer.ok) return answer;
    await answer.body?.cancel();
    return kept;
  },
);

registerRoute(
  ({ url, sameOrigin }) => sameOrigin && isWasm(url.pathname),
  (answering) => {
    // Its own type is of a library that pages do not have.
    const { request, event } = answering as unknown as { request: Request; event: ExtendableEvent };
    return wasmAnswer(request, wasmFiles, (work) => event.waitUntil(work));
  },
);

// Only the very addresses of files: pages are answered above.
addRoute({ directoryIndex: '', cleanURLs: false, ignoreURLParametersMatching: [] });

async function askRelay(request: Request): Promise<Response | null> {
  let giveUp: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<null>((resolve) => {
    giveUp = setTimeout(() => resolve(null), PATIENCE_MS);
  });
  try {
    return await Promise.race([fetch(request), tooLong]);
  } catch {
    return null;
  } finally {
    clearTimeout(giveUp);
  }
}

self.addEventListener('message', (event) => {
  const message = safeParse(messageSchema, event.data);
  if (!message.success) return;
  event.waitUntil(message.output.type === 'SKIP_WAITING' ? self.skipWaiting() : keep(message.output.gpu));
});

function keep(gpu: boolean): Promise<void> {
  const wanted = wasmFiles.filter((url) => gpu || !isGpuWasm(new URL(url).pathname));
  return keepWasm(wanted, wasmFiles);
}
