import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ManifestInput } from '../../../src/detector/manifest.ts';
import { preprocess } from '../../../src/detector/preprocess.ts';
import { planResize } from '../../../src/detector/resizePlan.ts';
import { GpuPreprocess } from '../../../src/engine/worker/gpuPreprocess.ts';
import { openGpuDevice } from '../../../src/engine/worker/openGpuDevice.ts';
import { preprocessToCpu } from '../../../src/engine/worker/preprocessSelfTest.ts';
import { tinyManifest } from '../../support/tinyModelBrowser.ts';

let device: GPUDevice;
beforeAll(async () => {
  // Fails, rather than skips, where there is no adapter: a suite without WebGPU proves nothing.
  ({ device } = await openGpuDevice(true));
});

const bgr = tinyManifest.input;
const rgb: ManifestInput = {
  ...bgr,
  channelOrder: 'rgb',
  mean: [123.675, 116.28, 103.53],
  std: [58.395, 57.12, 57.375],
};

function stretch(input: ManifestInput, width: number, height: number): ManifestInput {
  return { ...input, resize: { rule: 'stretch', width, height } };
}

/** Noise, alpha included. */
function noise(width: number, height: number, seed: number): ImageData {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < data.length; i++) data[i] = Math.imul(i + seed, 2654435761) >>> 24;
  return new ImageData(data, width, height);
}

/** How many of the kernel's values differ from the twin's in any bit. */
async function differences(source: ImageData, input: ManifestInput, gpu: GpuPreprocess): Promise<number> {
  const { width, height, data } = source;
  const plan = planResize(width, height, input);
  const image = await createImageBitmap(source, { premultiplyAlpha: 'none', colorSpaceConversion: 'none' });
  const got = new Uint32Array((await preprocessToCpu(device, gpu, image, plan)).buffer);
  image.close();
  const expected = new Uint32Array(preprocess({ width, height, channels: 4, data }, plan, input).buffer);
  expect(got.length).toBe(expected.length);
  return expected.reduce((count, value, i) => count + (value === got[i] ? 0 : 1), 0);
}

describe('the kernel gives the bits of its TypeScript twin', () => {
  test.each([
    ['shrinking', 320, 240],
    ['enlarging', 31, 17],
    ['no change of size', 160, 128],
    ['exactly twice', 320, 256],
    ['one pixel', 1, 1],
    ['one row', 257, 1],
    ['one column', 1, 99],
    ['odd sides', 203, 117],
  ])('%s: %i x %i, both channel orders', async (_name, width, height) => {
    for (const input of [bgr, rgb]) {
      const gpu = await GpuPreprocess.create(device, input);
      expect(await differences(noise(width, height, width), input, gpu)).toBe(0);
    }
  });

  test('any sizes, and any tile size', async () => {
    const side = fc.integer({ min: 1, max: 70 });
    const kernels = new Map<number, GpuPreprocess>();
    for (const tile of [2, 7, 16, 4096]) kernels.set(tile, await GpuPreprocess.create(device, bgr, tile));
    await fc.assert(
      fc.asyncProperty(side, side, side, side, fc.constantFrom(...kernels), async (w, h, dw, dh, [, gpu]) => {
        expect(await differences(noise(w, h, w * h), stretch(bgr, dw, dh), gpu)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  test('an image wider than any texture', async () => {
    const gpu = await GpuPreprocess.create(device, bgr);
    expect(await differences(noise(20_000, 30, 5), bgr, gpu)).toBe(0);
  });

  test('what an earlier, larger image left behind is gone', async () => {
    const gpu = await GpuPreprocess.create(device, bgr);
    expect(await differences(noise(300, 200, 1), bgr, gpu)).toBe(0);
    expect(await differences(noise(40, 90, 2), bgr, gpu)).toBe(0);
  });
});
