import { InferenceSession } from 'onnxruntime-web/wasm';
import { afterEach, expect, test, vi } from 'vitest';
import { selfTest } from '../../../src/engine/selfTest.ts';
import { WasmBackend } from '../../../src/engine/worker/wasmBackend.ts';
import { tinyManifest, tinyModelUrl } from '../../support/tinyModelBrowser.ts';
import { isWinograd, wideModel } from '../../support/wideModel.ts';

const create = vi.spyOn(InferenceSession, 'create');
afterEach(() => create.mockClear());

/** Whether each of the forms that the runtime was given is Winograd's. */
const forms = () => create.mock.calls.map(([model]) => isWinograd(model));

async function open(channels: number): Promise<void> {
  const file = new Uint8Array(await (await fetch(tinyModelUrl)).arrayBuffer());
  const request = { manifest: tinyManifest, model: wideModel(file, channels), threads: 1 };
  await WasmBackend.open({ ...request, backend: 'wasm', allowSoftwareGpu: false }, (backend) =>
    selfTest(tinyManifest, (...input) => backend.run(...input)),
  );
}

test('convolutions are opened in Winograd’s form from fewer channels on than natively', async () => {
  await open(64);
  expect(forms()).toEqual([true]);
});

test('narrow ones are opened as they are', async () => {
  await open(63);
  expect(forms()).toEqual([false]);
});

test('where the form cannot be opened, the file is', async () => {
  create.mockRejectedValueOnce(new Error('no memory for the weights'));
  await open(64);
  expect(forms()).toEqual([true, false]);
});
