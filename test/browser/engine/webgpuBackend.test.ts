/** The GPU's backend by itself, in the page: what it does on the device is counted here. */
import { expect, test, vi } from 'vitest';
import { planResize } from '../../../src/detector/resizePlan.ts';
import { selfTest } from '../../../src/engine/selfTest.ts';
import { WebgpuBackend } from '../../../src/engine/worker/webgpuBackend.ts';
import { tinyManifest, tinyModelUrl } from '../../support/tinyModelBrowser.ts';
import { drawPng } from '../../support/tinyModelImages.ts';

/** An emulated GPU compiles its shaders on a CPU that may be busy. */
vi.setConfig({ testTimeout: 240_000 });

test('outputs are read back at once, into a buffer that stays', async () => {
  const model = new Uint8Array(await (await fetch(tinyModelUrl)).arrayBuffer());
  const request = { manifest: tinyManifest, model, threads: 1 };
  const backend = await WebgpuBackend.open({ ...request, backend: 'webgpu', allowSoftwareGpu: true });
  await selfTest(tinyManifest, (...input) => backend.run(...input));
  const detect = async () =>
    backend.detect(await createImageBitmap(await drawPng(150, 90)), planResize(150, 90, tinyManifest.input));
  const { heads } = await detect();

  const mapped = vi.spyOn(GPUBuffer.prototype, 'mapAsync');
  const made = vi.spyOn(GPUDevice.prototype, 'createBuffer');
  const again = [await detect(), await detect()];
  expect(mapped).toHaveBeenCalledTimes(2);
  expect(made).not.toHaveBeenCalled();
  // Copies of their own: what was read first is not what was read last.
  for (const { heads: others } of again) {
    for (const [name, { data }] of Object.entries(heads)) {
      expect(others[name]?.data.buffer).not.toBe(data.buffer);
      expect(others[name]?.data.every((value, index) => value === data[index])).toBe(true);
    }
  }
});
