import * as v from 'valibot';

/**
 * What the page tells the service worker. 'SKIP_WAITING' (workbox-window's word): the user wants the new version.
 * 'KEEP_WASM': the engine runs, so keep what it was started from; on the very first visit it was loaded before
 * the service worker was there to see it.
 */
export const messageSchema = v.object({ type: v.picklist(['SKIP_WAITING', 'KEEP_WASM']) });
export type WorkerMessage = v.InferOutput<typeof messageSchema>;
