import type { ManifestInput } from '../../detector/manifest.ts';
import { preprocess } from '../../detector/preprocess.ts';
import { planResize } from '../../detector/resizePlan.ts';
import type { ResizePlan } from '../../detector/types.ts';
import { EngineError } from '../errors.ts';
import type { GpuPreprocess } from './gpuPreprocess.ts';

const WIDTH = 61;
const HEIGHT = 47;

/**
 * The golden input of the network skips the resize, so the kernel gets a test of its own: noise, resized
 * by the GPU and by the twin. Throws `EngineError` 'self-test' unless all bits are equal.
 */
export async function preprocessSelfTest(
  device: GPUDevice,
  gpu: GpuPreprocess,
  input: ManifestInput,
): Promise<void> {
  const data = new Uint8ClampedArray(WIDTH * HEIGHT * 4);
  for (let i = 0; i < data.length; i++) data[i] = i % 4 === 3 ? 255 : Math.imul(i, 2654435761) >>> 24;
  const small: ManifestInput = { ...input, resize: { rule: 'stretch', width: 40, height: 50 } };
  const plan = planResize(WIDTH, HEIGHT, small);
  const image = await createImageBitmap(new ImageData(data, WIDTH, HEIGHT), {
    premultiplyAlpha: 'none',
    colorSpaceConversion: 'none',
  });
  const got = await preprocessToCpu(device, gpu, image, plan);
  image.close();
  const expected = preprocess({ width: WIDTH, height: HEIGHT, channels: 4, data }, plan, small);
  const wrong = expected.findIndex((value, i) => got[i] !== value);
  if (wrong === -1) return;
  throw new EngineError('self-test', `resizing on the GPU gives ${got[wrong]} instead of ${expected[wrong]}`);
}

/** Preprocesses one image and reads the result back: for tests; detection never does. */
export async function preprocessToCpu(
  device: GPUDevice,
  gpu: GpuPreprocess,
  image: ImageBitmap,
  plan: ResizePlan,
): Promise<Float32Array> {
  const size = 3 * plan.paddedHeight * plan.paddedWidth * Float32Array.BYTES_PER_ELEMENT;
  const tensor = device.createBuffer({
    size,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
  });
  const copy = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  gpu.encode(image, plan, tensor);
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(tensor, 0, copy, 0, size);
  device.queue.submit([encoder.finish()]);
  await copy.mapAsync(GPUMapMode.READ);
  const values = new Float32Array(copy.getMappedRange().slice(0));
  copy.destroy();
  tensor.destroy();
  return values;
}
