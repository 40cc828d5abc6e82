/** A worker that is worn out is replaced between two images, and nobody waits for it. */
import { afterEach, expect, test } from 'vitest';
import { WorkerHost } from '../../../src/engine/client/workerHost.ts';
import { EngineError } from '../../../src/engine/errors.ts';
import type { Engine } from '../../../src/engine/types.ts';
import { faultySpawn, tinyEngine, type FaultySpawn } from '../../support/tinyModelEngine.ts';
import { tinyManifest, tinyModelUrl } from '../../support/tinyModelBrowser.ts';
import { drawPng } from '../../support/tinyModelImages.ts';

const never = { images: Infinity, grownBytes: Infinity, lookEvery: 1 };
const gate = 'the fresh worker may load';

let letLoad = (): void => undefined;
afterEach(() => letLoad());

/** Workers that wait for `letLoad` before they load. */
async function closeGate(): Promise<void> {
  await new Promise<void>((closed) => {
    void navigator.locks.request(gate, () => {
      closed();
      return new Promise<void>((open) => {
        letLoad = open;
      });
    });
  });
}

async function scores(engine: Engine): Promise<readonly number[]> {
  return (await engine.detect(await drawPng(150, 90))).detections.map(({ score }) => score);
}

/** Runs images until as many workers have been ended. */
async function untilEnded(engine: Engine, workers: FaultySpawn, count: number): Promise<void> {
  const endedAfterAnother = async (): Promise<number> => {
    await scores(engine);
    return workers.ended;
  };
  await expect.poll(endedAfterAnother, { timeout: 30_000 }).toBe(count);
}

test('after so many images a fresh one is loaded beside it, and takes over when it is warm', async () => {
  await closeGate();
  const workers = faultySpawn({}, { loadWhenFree: gate });
  const engine = await tinyEngine({
    ...{ backends: ['wasm'], spawn: workers.spawn, wear: { ...never, images: 3 } },
  });
  const expected = await scores(engine);
  const all = await Promise.all(Array.from({ length: 8 }, () => scores(engine)));
  expect(all).toEqual(all.map(() => expected));
  // The fresh one has not even begun to load, and nobody has waited for it.
  expect([workers.count, workers.ended]).toEqual([2, 0]);
  letLoad();
  // And nobody has to come with another image.
  await expect.poll(() => workers.ended, { timeout: 30_000 }).toBe(1);
  expect(await scores(engine)).toEqual(expected);
  await engine.dispose();
});

test('one whose memory has grown is replaced too; where no fresh one can be had, it goes on and is asked again', async () => {
  const workers = faultySpawn({ leak: 4 * 1024 * 1024 }, { atLoad: { wasm: 'die' } });
  const engine = await tinyEngine({
    ...{ backends: ['wasm'], spawn: workers.spawn, wear: { ...never, grownBytes: 10 * 1024 * 1024 } },
  });
  const expected = await scores(engine);
  for (let image = 1; image < 3; image++) await scores(engine);
  expect([workers.count, workers.ended]).toEqual([1, 0]);
  // The one that dies while it loads, then the first.
  await untilEnded(engine, workers, 2);
  expect(workers.count).toBe(3);
  // The third one leaves nothing behind, and stays.
  for (let image = 0; image < 6; image++) expect(await scores(engine)).toEqual(expected);
  expect([workers.count, workers.ended]).toEqual([3, 2]);
  await engine.dispose();
});

test('the memory that is looked at is ONNX Runtime’s own', async () => {
  const host = new WorkerHost(faultySpawn().spawn());
  const model = new Uint8Array(await (await fetch(tinyModelUrl)).arrayBuffer());
  const settings = { manifest: tinyManifest, allowSoftwareGpu: false, threads: 1 };
  await host.load({ ...settings, backend: 'wasm', model }, () => undefined);
  // It begins with 16 MB.
  expect(await host.heapBytes()).toBeGreaterThanOrEqual(16 * 1024 * 1024);
  host.end(new EngineError('disposed'));
});

test('the worn one dies under an image: the fresh one that is being loaded gets it', async () => {
  await closeGate();
  const workers = faultySpawn({ at: { 3: 'die' } }, { loadWhenFree: gate });
  const engine = await tinyEngine({
    ...{ backends: ['wasm'], spawn: workers.spawn, wear: { ...never, images: 2 } },
  });
  const expected = await scores(engine);
  await scores(engine);
  await expect.poll(() => workers.count).toBe(2);
  expect(await scores(engine)).toEqual(expected);
  const dying = scores(engine);
  await expect.poll(() => workers.ended).toBe(1);
  letLoad();
  expect(await dying).toEqual(expected);
  expect(workers.count).toBe(2);
  await engine.dispose();
});

test('dispose ends the fresh one too', async () => {
  await closeGate();
  const workers = faultySpawn({}, { loadWhenFree: gate });
  const engine = await tinyEngine({
    ...{ backends: ['wasm'], spawn: workers.spawn, wear: { ...never, images: 1 } },
  });
  await scores(engine);
  await expect.poll(() => workers.count).toBe(2);
  await engine.dispose();
  await expect.poll(() => workers.ended).toBe(2);
});
