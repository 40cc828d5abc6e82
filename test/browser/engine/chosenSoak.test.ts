/**
 * The choice between engines under fire: two of them, both wasm with the toy network, of which the preferred one dies again
 * and again, comes back and is compared in mid-run, while images are called back at seeded random.
 */
import { expect, test } from 'vitest';
import { ChosenEngine } from '../../../src/engine/client/chosenEngine.ts';
import type { Engine, EngineInfo } from '../../../src/engine/types.ts';
import { seededRandom } from '../../support/seededRandom.ts';
import { faultySpawnBy, tinyEngine } from '../../support/tinyModelEngine.ts';
import { drawPng } from '../../support/tinyModelImages.ts';
import type { Faults } from './faultyWorker.ts';

const COUNT = 60;
/** Changes of engine that must have been seen; images are handed in until they have. */
const CHANGES = 6;
const MOST = 3000;
/** Images handed in at once, as a run's look-ahead does. */
const AHEAD = 5;

/** Inferences that workers have been asked for and have not answered; those of ended workers are over. */
class Ledger {
  readonly #running = new Map<Worker, unknown>();
  runs = 0;
  overlaps = 0;

  watch(worker: Worker): Worker {
    // comlink's calls, which hand their transfers over as a list.
    type Post = (message: { id?: unknown; path?: unknown[] }, transfer: Transferable[]) => void;
    const post = worker.postMessage.bind(worker) as Post;
    const watched: Post = (message, transfer) => {
      if (message.path?.[0] === 'detect') {
        this.runs += 1;
        this.#running.set(worker, message.id);
        if (this.#running.size > 1) this.overlaps += 1;
      }
      post(message, transfer);
    };
    worker.postMessage = watched as Worker['postMessage'];
    worker.addEventListener('message', ({ data }: MessageEvent<{ id?: unknown } | null>) => {
      if (this.#running.has(worker) && data?.id === this.#running.get(worker)) this.#running.delete(worker);
    });
    const terminate = worker.terminate.bind(worker);
    worker.terminate = () => {
      this.#running.delete(worker);
      terminate();
    };
    return worker;
  }
}

/** Of every three workers, the first dies under an image and the second under the same one: the engine is given up. */
function dying(random: () => number): (index: number) => Faults {
  return (index) => {
    if (index % 3 === 2) return { at: { [12 + Math.floor(random() * 12)]: 'die-late' } };
    return { at: { [index % 3 === 0 ? 5 + Math.floor(random() * 12) : 0]: 'die' } };
  };
}

/** By its own account, which is what engines are compared by, as fast as the best. */
function quick(engine: Engine): Engine {
  return {
    info: engine.info,
    async detect(image, options) {
      const found = await engine.detect(image, options);
      return { ...found, timings: { ...found.timings, total: 0.01 } };
    },
    dispose: () => engine.dispose(),
  };
}

async function scoresOf(engine: Engine, image: Blob, signal?: AbortSignal): Promise<string> {
  const { width, height, detections } = await engine.detect(image, signal === undefined ? {} : { signal });
  return JSON.stringify([width, height, ...detections.map(({ score }) => score.toFixed(3))]);
}

test('engines die, come back and are compared: no image is lost, and there are never two inferences at once', async () => {
  const random = seededRandom(20_261_123);
  const png = await drawPng(150, 90);
  const sound = await tinyEngine({ backends: ['wasm'] });
  const wanted = await scoresOf(sound, png);
  await sound.dispose();

  const ledger = new Ledger();
  const workersOf = (order: (index: number) => Faults) => {
    const { spawn } = faultySpawnBy(order);
    return { backends: ['wasm'] as const, spawn: () => ledger.watch(spawn()) };
  };
  const preferred = workersOf(dying(random));
  const other = workersOf((index) => (index % 2 === 0 ? { at: { 20: 'die' } } : {}));
  const used: string[] = [];
  const engine = await ChosenEngine.open({
    candidates: [
      // Only a relay is looked for again.
      { backend: 'relay', open: async (signal) => quick(await tinyEngine({ ...preferred, signal })) },
      { backend: 'wasm', open: (signal) => tinyEngine({ ...other, signal }) },
    ],
    choice: 'auto',
    onInfo: ({ candidates = [] }: EngineInfo) => {
      const now = candidates.find(({ said }) => said.startsWith('In use'))?.backend;
      if (now !== undefined && now !== used.at(-1)) used.push(now);
    },
    comebackMs: 50,
  });

  let begun = 0;
  let aborted = 0;
  const lost: string[] = [];
  const one = async (index: number): Promise<void> => {
    const abort = new AbortController();
    const timer =
      random() < 0.3 ? setTimeout(() => abort.abort(new Error('enough')), random() * 60) : undefined;
    const got = await scoresOf(engine, png, abort.signal).catch(String);
    clearTimeout(timer);
    if (got === 'Error: enough') aborted += 1;
    else if (got !== wanted) lost.push(`${index}: ${got}`);
  };
  const lane = async (): Promise<void> => {
    while ((begun < COUNT || used.length <= CHANGES) && begun < MOST) await one(begun++);
  };
  await Promise.all(Array.from({ length: AHEAD }, lane));
  await engine.dispose();

  expect(lost).toEqual([]);
  expect(used.length, used.join(', ')).toBeGreaterThan(CHANGES);
  expect(aborted).toBeGreaterThan(5);
  // The instrument saw as much as there was to see.
  expect(ledger.runs).toBeGreaterThanOrEqual(begun - aborted);
  expect(ledger.overlaps).toBe(0);
  console.log(`${begun} images, ${aborted} aborted, ${ledger.runs} inferences, used: ${used.join(', ')}`);
}, 240_000);
