import * as v from 'valibot';

/**
 * What the page tells the service worker. 'SKIP_WAITING' (workbox-window's word): the user wants the new version.
 * 'KEEP_WASM': an engine runs, so keep what the page can start one from, with `gpu` also on the GPU; on the very first
 * visit it was loaded before the service worker was there to see it.
 */
export const messageSchema = v.variant('type', [
  v.object({ type: v.literal('SKIP_WAITING') }),
  v.object({ type: v.literal('KEEP_WASM'), gpu: v.boolean() }),
]);
export type WorkerMessage = v.InferOutput<typeof messageSchema>;
