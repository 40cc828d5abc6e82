/** Workers that never answer: nobody may have to wait for them for ever. What follows when one hangs twice: enginePill.test.ts. */
import { expect, test, vi } from 'vitest';
import type { Engine } from '../../../src/engine/types.ts';
import { faultySpawn, tinyEngine } from '../../support/tinyModelEngine.ts';
import { drawPng } from '../../support/tinyModelImages.ts';

vi.setConfig({ testTimeout: 240_000 });

async function scores(engine: Engine): Promise<readonly number[]> {
  return (await engine.detect(await drawPng(150, 90))).detections.map(({ score }) => score);
}

test('an inference that is busy for ever costs a restart and no image, and ends before the next begins', async () => {
  const ledger = 'one inference at a time, hanging ones too';
  const channel = new BroadcastChannel(ledger);
  const seen = new Set<unknown>();
  channel.onmessage = ({ data }) => void seen.add(data);
  const workers = faultySpawn({ ledger, at: { 1: 'block' } }, { ledger });
  const limits = { leastMs: 1500, loadMs: 120_000 };
  const engine = await tinyEngine({ backends: ['wasm'], spawn: workers.spawn, limits });
  const expected = await scores(engine);
  const results = await Promise.all([1, 2, 3, 4].map(() => scores(engine)));
  expect(results).toEqual([expected, expected, expected, expected]);
  expect([workers.count, workers.ended]).toEqual([2, 1]);
  expect([...seen]).toEqual(['run']);
  channel.close();
  await engine.dispose();
});

test('a backend that hangs while it starts is given up with a sentence', async () => {
  const workers = faultySpawn({ atLoad: { wasm: 'hang' } });
  const limits = { leastMs: 1500, loadMs: 1500 };
  await expect(tinyEngine({ backends: ['wasm'], spawn: workers.spawn, limits })).rejects.toMatchObject({
    code: 'no-answer',
    message:
      'The detector did not answer in time (2 s, while it started). Try the image again, or choose another engine.',
  });
  expect(workers.ended).toBe(1);
});
