import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trainerPython } from '../../scripts/trainer-setup.mjs';
import type { Executor } from '../../src/relay/training/contracts.ts';
import { torchrunExecutor } from '../../src/relay/training/executors/torchrun.ts';
import { drawPortraits, eventsOf, trainStep } from '../support/drawnTraining.ts';
import { processesWith } from '../support/processes.ts';

describe('torchrun with two processes on the CPU', () => {
  let folder: string;
  let portraits: string;
  let relay: Executor;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forelabel-torchrun-'));
    portraits = join(folder, 'portraits');
    relay = torchrunExecutor({ python: trainerPython, gpus: 2 });
    await drawPortraits(portraits, 8);
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const never = () => new AbortController().signal;

  it('trains one model, and one of them tells', async () => {
    const step = await trainStep(join(folder, 'trains'), portraits, { batchSize: 4 });
    const handle = await relay.start(step);
    expect(await relay.wait(handle, step, never())).toEqual({ exitCode: 0, signal: null });
    const events = await eventsOf(step);
    expect(events.filter(({ event }) => event === 'started')).toEqual([
      expect.objectContaining({ processes: 2, iterations: 1 }),
    ]);
    expect(events.filter(({ event }) => event === 'finished')).toHaveLength(1);
    expect((await stat(join(folder, 'trains', 'work', 'epoch_1.pth'))).size).toBeGreaterThan(1e6);
  });

  const startLong = async (name: string) => {
    const step = await trainStep(join(folder, name), portraits, { batchSize: 4, epochs: 1000 });
    const handle = await relay.start(step);
    const isTraining = async () => (await eventsOf(step)).some(({ event }) => event === 'progress');
    await expect.poll(isTraining, { timeout: 90_000, interval: 200 }).toBe(true);
    // The launcher and its two.
    expect(await processesWith(step.jobFile)).toHaveLength(3);
    return { step, handle };
  };

  it('stopped, all of its processes are gone', async () => {
    const { step, handle } = await startLong('stops');
    await relay.stop(handle);
    expect(await processesWith(step.jobFile)).toEqual([]);
    expect((await eventsOf(step)).at(-1)).toMatchObject({ event: 'cancelled' });
  });

  it('no process trains on when the launcher is killed', async () => {
    const { step, handle } = await startLong('killed');
    process.kill(handle.pid as number, 'SIGKILL');
    expect(await relay.wait(handle, step, never())).toEqual({ exitCode: null, signal: 'SIGKILL' });
    await expect.poll(() => processesWith(step.jobFile), { timeout: 5000 }).toEqual([]);
  });
});
