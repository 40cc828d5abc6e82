import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Executor, StepCommand, StepHandle } from '../../src/relay/training/contracts.ts';
import { rayExecutor } from '../../src/relay/training/executors/ray.ts';
import { drawPortraits, eventsOf, trainStep } from '../support/drawnTraining.ts';
import { processesWith } from '../support/processes.ts';
import { rayPython, startRay, type RayServer } from '../support/rayServer.ts';

const installed = await rayPython().then(
  () => true,
  (error: unknown) => {
    console.warn(`Skipped: Ray cannot be installed here. ${error instanceof Error ? error.message : ''}`);
    return false;
  },
);

describe.skipIf(!installed)('a Ray cluster', () => {
  let ray: RayServer;
  let folder: string;
  let portraits: string;
  /** A relay's executor; a second one knows nothing of what the first did. */
  const executor = (changes: object = {}): Executor =>
    rayExecutor({ address: ray.address, token: ray.token, python: ray.python, pollMs: 100, ...changes });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "forelabel ray's "));
    portraits = join(folder, 'portraits');
    [ray] = await Promise.all([startRay(), drawPortraits(portraits, 8)]);
  });

  // With one CPU, what a failed test leaves would keep all others from running.
  const started: StepHandle[] = [];
  const start = async (relay: Executor, step: StepCommand): Promise<StepHandle> => {
    const handle = await relay.start(step);
    started.push(handle);
    return handle;
  };
  afterEach(async () => {
    for (const handle of started.splice(0)) await executor().stop(handle);
  });

  afterAll(async () => {
    await ray.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const never = () => new AbortController().signal;

  it('trains: events, log and checkpoint are in the job folder', async () => {
    const step = await trainStep(join(folder, 'trains'), portraits);
    const relay = executor();
    const handle = await start(relay, step);
    expect(await relay.isRunning(handle)).toBe(true);
    expect(await relay.wait(handle, step, never())).toEqual({ exitCode: 0, signal: null });

    expect((await eventsOf(step)).map(({ event }) => event)).toEqual(
      expect.arrayContaining(['started', 'progress', 'finished']),
    );
    expect((await stat(join(folder, 'trains', 'work', 'epoch_1.pth'))).size).toBeGreaterThan(1e6);
    expect(await readFile(step.logFile, 'utf8')).toMatch(/Epoch\(train\)/u);
    expect(await relay.isRunning(handle)).toBe(false);
    expect(JSON.stringify(handle)).not.toContain(ray.token);
    for (const name of await readdir(join(folder, 'trains'))) {
      if (name.endsWith('.log') || name.endsWith('.jsonl')) {
        expect(await readFile(join(folder, 'trains', name), 'utf8')).not.toContain(ray.token);
      }
    }
  });

  it('a relay that died finds its step again, and stopping it ends all of its processes', async () => {
    const step = await trainStep(join(folder, 'long'), portraits, { epochs: 1000, workers: 1 });
    const handle = await start(executor(), step);
    await eventually(async () => (await eventsOf(step)).some(({ event }) => event === 'progress'));
    expect(await processesWith(dirname(step.jobFile))).not.toEqual([]);

    const later = executor();
    expect(await later.find?.(step)).toEqual(handle);
    // Asked to start what runs already, it starts nothing.
    expect(await later.start(step)).toEqual(handle);
    expect(await later.isRunning(handle)).toBe(true);
    const end = later.wait(handle, step, never());
    await later.stop(handle);
    expect(await end).toEqual({ exitCode: 143, signal: null });
    // Ray does not wait for those that it had to kill.
    await eventually(async () => (await processesWith(dirname(step.jobFile))).length === 0);
    expect(await later.isRunning(handle)).toBe(false);
    expect(await later.find?.(step)).toBeNull();
  });

  it('a step that failed gives its exit code and its error; started again, it is a new attempt', async () => {
    const step = await trainStep(join(folder, 'fails'), portraits, { classes: ['nobody'] });
    const relay = executor();
    const first = await start(relay, step);
    expect(await relay.wait(first, step, never())).toEqual({ exitCode: 1, signal: null });
    expect((await eventsOf(step)).at(-1)).toMatchObject({ event: 'error' });

    const second = await start(relay, step);
    expect(second).not.toEqual(first);
    await relay.stop(second);
    expect(await relay.isRunning(second)).toBe(false);
  });

  it('says what is wrong with a node', async () => {
    const step = await trainStep(join(folder, 'unfit'), portraits);
    const without = executor({ python: '/opt/nowhere/bin/python' });
    await expect(without.wait(await start(without, step), step, never())).rejects.toMatchObject({
      code: 'ray-no-python',
    });

    // As on a node that mounts something else there: the job file is gone when the node looks for it.
    const relay = executor();
    const handle = await start(relay, step);
    await rm(join(dirname(step.jobFile), '.shared', 'train.json'));
    await expect(relay.wait(handle, step, never())).rejects.toMatchObject({
      code: 'ray-no-shared-folder',
      message: expect.stringContaining('same path') as string,
    });
    expect(await readFile(step.logFile, 'utf8')).toContain('forelabel: no-shared-folder on');
  });

  it('a step that waits for more than the cluster has can be stopped', async () => {
    const step = await trainStep(join(folder, 'waits'), portraits);
    const relay = executor({ cpus: 64 });
    const handle = await start(relay, step);
    expect(await relay.isRunning(handle)).toBe(true);
    const end = relay.wait(handle, step, never());
    await relay.stop(handle);
    expect(await end).toEqual({ exitCode: 143, signal: null });
    expect(await relay.isRunning(handle)).toBe(false);
  });

  it('wants the right token', async () => {
    const step: StepCommand = await trainStep(join(folder, 'token'), portraits);
    await expect(executor({ token: undefined }).start(step)).rejects.toMatchObject({
      code: 'ray-unauthorized',
    });
    const wrong = executor({ token: 'a-wrong-secret' }).start(step);
    await expect(wrong).rejects.toMatchObject({ code: 'ray-unauthorized' });
    await expect(wrong).rejects.not.toThrow(/a-wrong-secret/u);
  });
});

async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  await expect.poll(isSo, { timeout: 60_000, interval: 100 }).toBe(true);
}
