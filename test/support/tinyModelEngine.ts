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

export interface FaultySpawn {
  readonly spawn: () => Worker;
  /** Workers started so far. */
  readonly count: number;
  /** Those that have been ended by the page. */
  readonly ended: number;
}

/** Workers that fail as ordered, one order a worker; later ones are sound. */
export function faultySpawn(...orders: Faults[]): FaultySpawn {
  return faultySpawnBy((index) => orders[index] ?? {});
}

/** The same with an order for every worker, by its number from 0 on. */
export function faultySpawnBy(order: (index: number) => Faults): FaultySpawn {
  let count = 0;
  let ended = 0;
  return {
    get ended() {
      return ended;
    },
    get count() {
      return count;
    },
    spawn: () => {
      const worker = new Worker(new URL('../browser/engine/faultyWorker.ts', import.meta.url), {
        type: 'module',
        name: JSON.stringify(order(count++)),
      });
      const terminate = worker.terminate.bind(worker);
      worker.terminate = () => {
        ended += 1;
        terminate();
      };
      return worker;
    },
  };
}
