/**
 * The page behind `forelabel predict --engine wasm|webgpu`: the app's own engine, driven from outside. It has
 * nothing to see; `forelabel serve` serves it too, where it does nothing.
 */
import { primaryFile } from '../../detector/manifest.ts';
import { createWorkerEngine } from '../../engine/client/createWorkerEngine.ts';
import { createRelayEngine } from '../../engine/client/relayEngine.ts';
import { EngineError } from '../../engine/errors.ts';
import type { Engine } from '../../engine/types.ts';
import type { Answer, EnginePage } from './contract.ts';

let engine: Engine | undefined;
const calls = new Map<number, AbortController>();

const page: EnginePage = {
  open: ({ manifest, modelUrl, backend, threads }) =>
    answer(async () => {
      const model = new URL(modelUrl + primaryFile(manifest).path, location.href);
      engine =
        backend === 'relay'
          ? await createRelayEngine({ manifest })
          : await createWorkerEngine({ manifest, model, backends: [backend], ...(threads && { threads }) });
      return engine.info;
    }),

  detect: ({ id, url }) =>
    answer(async () => {
      if (engine === undefined) throw new EngineError('disposed');
      const controller = new AbortController();
      calls.set(id, controller);
      try {
        const { signal } = controller;
        const response = await fetch(url, { signal });
        const image = await response.blob();
        const start = performance.now();
        const result = await engine.detect(image, { signal });
        return { ...result, elapsedMs: performance.now() - start };
      } finally {
        calls.delete(id);
      }
    }),

  abort: (id) => calls.get(id)?.abort(),
};

async function answer<T>(work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    const known = error instanceof EngineError ? error : null;
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, code: known?.code ?? null, detail: known?.detail ?? null, message };
  }
}

Object.assign(globalThis, { forelabelEngine: page });
