import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { kernelModule } from '../../../scripts/build-kernel.mjs';

it('the kernel in the repository is what its source compiles to', async () => {
  const kept = new URL('../../../src/detector/resizeKernelBytes.ts', import.meta.url);
  expect(await readFile(kept, 'utf8')).toBe(await kernelModule());
});
