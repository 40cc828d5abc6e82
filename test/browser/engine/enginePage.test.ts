import { expect, it } from 'vitest';
import '../../../src/cli/page/main.ts';
import type { Answer, EnginePage } from '../../../src/cli/page/contract.ts';
import { tinyManifest, tinyModelUrl } from '../../support/tinyModelBrowser.ts';
import { drawPng } from '../../support/tinyModelImages.ts';

const page = (globalThis as typeof globalThis & { readonly forelabelEngine: EnginePage }).forelabelEngine;

function value<T>(answer: Answer<T>): T {
  if (!answer.ok) throw new Error(answer.message);
  return answer.value;
}

it('says how long the page waited for an image: the engine’s own time, and what worker and page said to each other', async () => {
  const modelUrl = tinyModelUrl.slice(0, tinyModelUrl.lastIndexOf('/') + 1);
  value(await page.open({ manifest: tinyManifest, modelUrl, backend: 'wasm', threads: 1 }));
  const url = URL.createObjectURL(await drawPng(120, 90));
  const started = performance.now();
  const { elapsedMs, timings } = value(await page.detect({ id: 1, url }));
  const whole = performance.now() - started;
  URL.revokeObjectURL(url);
  expect(elapsedMs).toBeGreaterThan(timings.total);
  expect(elapsedMs).toBeLessThanOrEqual(whole);
});
