import { createWorkerEngine } from '../../src/engine/client/createWorkerEngine.ts';
import type { WorkerEngineOptions } from '../../src/engine/client/createWorkerEngine.ts';
import type { Engine } from '../../src/engine/types.ts';
import type { Faults } from '../browser/engine/faultyWorker.ts';
import { tinyManifest, tinyModelUrl } from './tinyModelBrowser.ts';

/** The page's engine with the toy network, on the emulated GPU where webgpu is asked for. */
export function tinyEngine(options: Partial<WorkerEngineOptions> = {}): Promise<Engine> {
  return createWorkerEngine({
    manifest: tinyManifest,
    model: tinyModelUrl,
    allowSoftwareGpu: true,
    ...options,
  });
}

/** Workers that fail as ordered, one order a worker; later ones are sound. `count` says how many were started. */
export function faultySpawn(...orders: Faults[]): { readonly spawn: () => Worker; count: number } {
  const workers = {
    count: 0,
    spawn: () => {
      const name = JSON.stringify(orders[workers.count++] ?? {});
      return new Worker(new URL('../browser/engine/faultyWorker.ts', import.meta.url), {
        type: 'module',
        name,
      });
    },
  };
  return workers;
}
