import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findChromium, launchFlags } from '../../../src/cli/chromium.ts';
import { chooseControl } from '../../../src/cli/projectJob.ts';
import type { RectangleControl } from '../../../src/labelstudio/types.ts';

it('takes the browser that CHROMIUM_PATH names, and does not look further when it is not there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'forelabel-chromium-'));
  const path = join(folder, 'chromium');
  await writeFile(path, '');
  expect(findChromium({ CHROMIUM_PATH: path })).toBe(path);
  await rm(folder, { recursive: true });
  expect(() => findChromium({ CHROMIUM_PATH: path })).toThrow(/CHROMIUM_PATH names .*does not exist/u);
});

it('looks where Windows keeps Chrome', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'forelabel-windows-'));
  expect(() => findChromium({ PROGRAMFILES: folder }, 'win32')).toThrow(/--engine native/u);
  await rm(folder, { recursive: true });
});

it('asks for the GPU as a Linux without a display needs it, and lets the user have the last word', () => {
  const own = '--use-angle=gl --no-sandbox';
  const linux = launchFlags('webgpu', { FORELABEL_CHROMIUM_FLAGS: own }, 'linux');
  expect(linux).toEqual(
    expect.arrayContaining([
      '--enable-unsafe-webgpu',
      '--enable-features=Vulkan',
      '--use-angle=vulkan',
      '--disable-vulkan-surface',
      '--ignore-gpu-blocklist',
    ]),
  );
  expect(linux.slice(-2)).toEqual(['--use-angle=gl', '--no-sandbox']);
  expect(launchFlags('webgpu', {}, 'darwin').join(' ')).not.toMatch(/vulkan/iu);
  expect(launchFlags('wasm', {}, 'linux').join(' ')).not.toMatch(/vulkan|webgpu/iu);
});

const control = (name: string, toName = 'image'): RectangleControl => ({
  name,
  toName,
  imageField: toName,
  labels: [],
});

it('takes the only control, and asks when there are several', () => {
  expect(chooseControl([control('a')], null).name).toBe('a');
  expect(() => chooseControl([control('a'), control('b')], null)).toThrow(/several/u);
  expect(chooseControl([control('a'), control('b')], 'b').name).toBe('b');
  expect(() => chooseControl([control('a')], 'c')).toThrow(/"c"/u);
});

it('tells two images of one control apart', () => {
  const both = [control('a', 'left'), control('a', 'right')];
  expect(() => chooseControl(both, 'a')).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('a:left, a:right') as string }) as Error,
  );
  expect(chooseControl(both, 'a:right').toName).toBe('right');
});
