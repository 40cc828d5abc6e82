/** Models whose own graph computes in half precision: not every GPU can, and not every network bears it. */
import { expect, test, vi } from 'vitest';
import halfUrl from '../../fixtures/tiny-model/half.onnx?url';
import { createWorkerEngine } from '../../../src/engine/client/createWorkerEngine.ts';
import type { Engine } from '../../../src/engine/types.ts';
import type { WorkerBackendName } from '../../../src/engine/workerProtocol.ts';
import { tinyManifest } from '../../support/tinyModelBrowser.ts';
import { drawPng } from '../../support/tinyModelImages.ts';

/** An emulated GPU compiles its shaders on a CPU that may be busy. */
vi.setConfig({ testTimeout: 240_000 });

/** @param tolerance of the golden sample, which is that of the network in single precision */
async function open(tolerance: number, ...backends: WorkerBackendName[]): Promise<Engine> {
  const model = new Uint8Array(await (await fetch(halfUrl)).arrayBuffer());
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', model));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return createWorkerEngine({
    manifest: {
      ...tinyManifest,
      golden: { ...tinyManifest.golden, tolerance },
      files: [{ precision: 'fp16', path: 'half.onnx', bytes: model.length, sha256 }],
    },
    ...{ model: () => Promise.resolve(model), backends, allowSoftwareGpu: true },
  });
}

test('a GPU without half precision makes room for wasm, which says so', async () => {
  const engine = await open(0.05, 'webgpu', 'wasm');
  expect(engine.info).toMatchObject({
    backend: 'wasm',
    why: 'WebGPU is not used: this GPU cannot compute in half precision, in which the model computes.',
  });
  expect((await engine.detect(await drawPng(150, 90))).detections.length).toBeGreaterThan(3);
  await engine.dispose();
});

test('a network that loses too much by it does not pass its self-test', async () => {
  await expect(open(0.001, 'wasm')).rejects.toMatchObject({ code: 'self-test' });
});
