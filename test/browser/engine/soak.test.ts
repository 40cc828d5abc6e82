/**
 * A long run under fire: aborts, crashes, hangs, lost devices, failed allocations and zeros at seeded random. VITE_SOAK_IMAGES
 * and VITE_SOAK_SEED make it longer, or another one.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Engine } from '../../../src/engine/types.ts';
import { seededRandom } from '../../support/seededRandom.ts';
import { faultySpawnBy, tinyEngine } from '../../support/tinyModelEngine.ts';
import { drawPng } from '../../support/tinyModelImages.ts';
import type { Fault } from './faultyWorker.ts';

const settings = import.meta.env as Readonly<Record<string, string | undefined>>;
const seed = Number(settings.VITE_SOAK_SEED ?? 20_261_122);
/** A night's run may take a night. */
vi.setConfig({ testTimeout: settings.VITE_SOAK_IMAGES === undefined ? 1_200_000 : 14_400_000 });

/** Images handed in at once, as a run's look-ahead does. */
const AHEAD = 5;

const ledger = 'one inference at a time';
let channel: BroadcastChannel;
let seen: { run: number; overlap: number };
beforeEach(() => {
  seen = { run: 0, overlap: 0 };
  channel = new BroadcastChannel(ledger);
  channel.onmessage = ({ data }: MessageEvent<'run' | 'overlap'>) => (seen[data] += 1);
});
afterEach(() => channel.close());

const sizes = [
  [150, 90],
  [64, 64],
  [90, 200],
  [201, 133],
] as const;

async function scoresOf(engine: Engine, image: Blob, signal?: AbortSignal): Promise<string> {
  const { width, height, detections } = await engine.detect(image, signal === undefined ? {} : { signal });
  // To three digits, with which the backends agree.
  return JSON.stringify([width, height, ...detections.map(({ score }) => score.toFixed(3))]);
}

interface End {
  readonly wanted: string;
  readonly got: string;
  /** Whether the promise had been settled in the very turn of the abort. */
  readonly atOnce: boolean;
}

describe.each([
  {
    backend: 'wasm',
    images: 500,
    faults: ['die', 'throw', 'die-late', 'no-memory', 'zeros'],
    every: 60,
  },
  {
    backend: 'webgpu',
    // Emulated, a GPU takes seconds to start; 500 images of it are for a night.
    images: 20,
    faults: ['lose-device', 'gpu-error', 'lose-device-late', 'gpu-no-memory', 'die-late', 'zeros'],
    every: 10,
  },
] as const)('$backend', ({ backend, images, faults, every }) => {
  const count = Number(settings.VITE_SOAK_IMAGES ?? images);
  // Each takes some seconds to be found out.
  const kinds: readonly Fault[] = settings.VITE_SOAK_IMAGES === undefined ? faults : [...faults, 'block'];

  test(`${count} images: never two inferences at once, and none is lost`, async () => {
    const random = seededRandom(seed);
    const pngs = await Promise.all(sizes.map(([width, height]) => drawPng(width, height)));
    // A fault a worker, never at its first image: an image that fails twice in a row would be given up.
    const workers = faultySpawnBy((index) => {
      const fault: Fault = kinds[index % kinds.length] ?? 'die';
      return { ledger, at: { [1 + Math.floor(random() * every)]: fault } };
    });
    const limits = { leastMs: 5000, loadMs: 300_000 };
    const engine = await tinyEngine({ backends: [backend], spawn: workers.spawn, limits });
    const sound = await tinyEngine({ backends: ['wasm'] });
    const expected: string[] = [];
    for (const png of pngs) expected.push(await scoresOf(sound, png));
    await sound.dispose();
    expect(new Set(expected).size).toBe(sizes.length);

    const begun = performance.now();
    let pace = 20;
    const one = async (index: number): Promise<End> => {
      const which = Math.floor(random() * sizes.length);
      const image = pngs[which];
      const wanted = expected[which];
      if (image === undefined || wanted === undefined) throw new Error('no such image');
      if (random() < 0.7) {
        const start = performance.now();
        const got = await scoresOf(engine, image).catch(String);
        pace = (performance.now() - start) / AHEAD;
        return { wanted, got, atOnce: true };
      }
      return abortedAfter(random() * 2 * AHEAD * pace, engine, image, wanted, `abort ${index}`);
    };
    const ends: End[] = [];
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < count) {
        const index = next++;
        ends[index] = await one(index);
      }
    };
    await Promise.all(Array.from({ length: AHEAD }, lane));

    for (const [index, { wanted, got, atOnce }] of ends.entries()) {
      expect([wanted, `Error: abort ${index}`], `image ${index}`).toContain(got);
      expect(atOnce, `image ${index} was told of its abort at once`).toBe(true);
    }
    const aborted = ends.filter(({ got }) => got.startsWith('Error: abort')).length;
    expect(ends).toHaveLength(count);
    // Which aborts come in time is a matter of chance: of 20 images it may be none.
    expect(aborted).toBeGreaterThanOrEqual(count < 100 ? 0 : count / 20);
    expect(workers.count).toBeGreaterThan(count / every / 2);
    // The instrument saw as much as there was to see.
    expect(seen.run).toBeGreaterThanOrEqual(count - aborted);
    expect(seen.overlap).toBe(0);
    expect(engine.info.backend).toBe(backend);
    console.log(
      `${backend}: ${count} images, ${aborted} aborted, ${workers.count} workers, ${seen.run} inferences, ` +
        `${seen.overlap} overlaps, ${Math.round((performance.now() - begun) / 1000)} s`,
    );
    await engine.dispose();
  });
});

test('the instrument sees two engines that infer at once', async () => {
  const workers = faultySpawnBy(() => ({ ledger }));
  const engines = [];
  for (let i = 0; i < 2; i++) engines.push(await tinyEngine({ backends: ['wasm'], spawn: workers.spawn }));
  seen.overlap = 0;
  const image = await drawPng(150, 90);
  const all = engines.flatMap((engine) => Array.from({ length: 20 }, () => engine.detect(image)));
  await Promise.all(all);
  expect(seen.overlap).toBeGreaterThan(0);
  for (const engine of engines) await engine.dispose();
});

async function abortedAfter(
  ms: number,
  engine: Engine,
  image: Blob,
  wanted: string,
  why: string,
): Promise<End> {
  const abort = new AbortController();
  let settled = false;
  const result = scoresOf(engine, image, abort.signal).catch(String);
  void result.then(() => (settled = true));
  await new Promise((resolve) => setTimeout(resolve, ms));
  abort.abort(new Error(why));
  // One turn of the event loop: time for promises, and for no worker.
  await new Promise((resolve) => setTimeout(resolve));
  return { wanted, atOnce: settled, got: await result };
}
