import { expect, it } from 'vitest';
import { compileKernel } from '../../../scripts/build-kernel.mjs';
import { RESIZE_KERNEL } from '../../../src/detector/resizeKernelBytes.ts';

it('the kernel in the repository is what its source compiles to', async () => {
  expect(RESIZE_KERNEL.replaceAll('\n', '')).toBe(Buffer.from(await compileKernel()).toString('base64'));
});
