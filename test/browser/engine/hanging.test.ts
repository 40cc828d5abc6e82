/** Workers that are busy for ever: nobody may have to wait for them for ever. */
import { expect, test, vi } from 'vitest';
import type { Engine } from '../../../src/engine/types.ts';
import { faultySpawn, tinyEngine } from '../../support/tinyModelEngine.ts';
import { drawPng } from '../../support/tinyModelImages.ts';

vi.setConfig({ testTimeout: 240_000 });

/** In the product 30 s and five minutes. */
const limits = { leastMs: 2000, loadMs: 120_000 };

async function scores(engine: Engine): Promise<readonly number[]> {
  return (await engine.detect(await drawPng(150, 90))).detections.map(({ score }) => score);
}

test('an inference that never returns costs a restart and no image', async () => {
  const workers = faultySpawn({ at: { 1: 'block' } });
  const engine = await tinyEngine({ backends: ['wasm'], spawn: workers.spawn, limits });
  const expected = await scores(engine);
  const results = await Promise.all([1, 2, 3, 4].map(() => scores(engine)));
  expect(results).toEqual([expected, expected, expected, expected]);
  expect([workers.count, workers.ended]).toEqual([2, 1]);
  await engine.dispose();
});

test('an image that hangs twice is given up with a sentence, and the next one is served', async () => {
  const workers = faultySpawn({ at: { 0: 'block' } }, { at: { 0: 'block' } });
  const engine = await tinyEngine({ backends: ['wasm'], spawn: workers.spawn, limits });
  await expect(scores(engine)).rejects.toMatchObject({
    code: 'no-answer',
    message: 'The detector did not answer in time (2 s). Try the image again, or choose another engine.',
  });
  expect((await scores(engine)).length).toBeGreaterThan(3);
  await engine.dispose();
});

test('a backend that hangs while it starts makes room for the next, which says so', async () => {
  const workers = faultySpawn({ atLoad: { webgpu: 'block' } });
  const engine = await tinyEngine({ spawn: workers.spawn, limits: { ...limits, loadMs: 8000 } });
  expect(engine.info).toMatchObject({
    backend: 'wasm',
    why: 'WebGPU is not used: the detector did not answer in time (8 s, while it started).',
  });
  await engine.dispose();
});
