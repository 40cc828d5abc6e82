import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { mayHaveGpu } from '../../../src/engine/native/gpuThere.ts';

let devices: string;
beforeEach(async () => {
  devices = await mkdtemp(join(tmpdir(), 'forelabel-devices-'));
  await mkdir(join(devices, 'dri'));
  await writeFile(join(devices, 'dri', 'card0'), '');
});
afterEach(async () => rm(devices, { recursive: true }));

it('a screen is no GPU, and nothing is none', async () => {
  expect(mayHaveGpu('linux', devices)).toBe(false);
  await rm(join(devices, 'dri'), { recursive: true });
  expect(mayHaveGpu('linux', devices)).toBe(false);
});

it.each(['dri/renderD128', 'nvidiactl', 'dxg'])('%s is one', async (name) => {
  await writeFile(join(devices, name), '');
  expect(mayHaveGpu('linux', devices)).toBe(true);
});

it('elsewhere it cannot be told', () => {
  expect(mayHaveGpu('darwin', devices)).toBe(true);
});
