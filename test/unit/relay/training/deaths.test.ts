/** kill -9 of the relay and of the trainer: the job goes on, and there is one whole model at its end. */
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TrainingEvent } from '../../../../src/training/events.ts';
import type { TrainingService } from '../../../../src/relay/training/contracts.ts';
import { readFinal } from '../../../../src/relay/training/trainerEvents.ts';
import type { Job } from '../../../../src/training/job.ts';
import { buildRelayProcess, kill, killAll, removeRelayProcess, startRelay } from './relayProcesses.ts';
import { poll } from './patience.ts';
import { clear, isRunning, makeHome, modelsOf, setFaults, starts, training, until } from './trainingHome.ts';

let home: string;
beforeAll(buildRelayProcess);
afterAll(removeRelayProcess);
beforeEach(async () => {
  home = await makeHome();
});
afterEach(async () => {
  await killAll();
  await clear(home);
});

async function onlyJob(service: TrainingService): Promise<Job> {
  const [job, ...others] = await service.list();
  if (job === undefined || others.length > 0) throw new Error(`There are ${others.length + 1} jobs.`);
  return job;
}

async function told(service: TrainingService, id: string): Promise<readonly TrainingEvent[]> {
  const events: TrainingEvent[] = [];
  for await (const { event } of service.events(id, 0, AbortSignal.timeout(5000))) events.push(event);
  return events;
}

/** Done, one model, no half folders, and every epoch told once. */
async function expectWhole(service: TrainingService, id: string, epochs: number): Promise<Job> {
  const job = await until(service, id, 'done');
  expect(await modelsOf(home)).toEqual([job.model]);
  expect((await readdir(join(home, 'models', job.model ?? ''))).sort()).toEqual([
    'checkpoint.pth',
    'config.py',
    'model.json',
    'model.onnx',
  ]);
  expect(job.metrics.new).toEqual({ AP: 0.6, AP50: 0.9 });
  const folder = join(home, 'jobs', id);
  expect((await readdir(folder)).sort()).toEqual(
    ['dataset', 'evaluate-base', 'evaluate-new', 'events.jsonl', 'export', 'log.txt', 'train'].sort(),
  );
  expect((await readdir(join(folder, 'dataset', 'images'))).length).toBe(10);
  const points = (await told(service, id)).flatMap((event) => (event.type === 'loss' ? [event.epoch] : []));
  expect(points).toEqual(Array.from({ length: epochs }, (_, index) => index + 1));
  return job;
}

describe('a relay that is killed', () => {
  it('while it collects: the next one collects again', async () => {
    const relay = await startRelay(home, { project: 7, collectMs: 60_000 });
    const watcher = await training(home, { work: false });
    const { id } = await until(watcher, (await onlyJob(watcher)).id, 'collecting');
    await kill(relay);
    const next = await training(home);
    const job = await expectWhole(next, id, 3);
    expect(job.attempts).toBe(2);
  });

  it('while the trainer runs: the next one adopts it', async () => {
    await setFaults(home, { epochMs: 400 });
    const relay = await startRelay(home, { project: 7, epochs: 8 });
    const watcher = await training(home, { work: false });
    const { id } = await onlyJob(watcher);
    await until(watcher, id, (job) => (job.progress?.epoch ?? 0) >= 2);
    await kill(relay);
    const next = await training(home);
    const job = await expectWhole(next, id, 8);
    expect(job.attempts).toBe(1);
    expect((await starts(home)).filter(({ module }) => module === 'train')).toHaveLength(1);
  });

  it('in the moment of the start, before anybody knew the process: it is found all the same', async () => {
    await setFaults(home, { epochMs: 400 });
    const relay = await startRelay(home, { project: 7, epochs: 8, hangInStart: true });
    while ((await starts(home)).length === 0) await sleep(20);
    await kill(relay);
    const next = await training(home);
    const { id } = await onlyJob(next);
    await expectWhole(next, id, 8);
    expect((await starts(home)).filter(({ module }) => module === 'train')).toHaveLength(1);
  });

  it('and the trainer with it: the training goes on from its last checkpoint', async () => {
    await setFaults(home, { epochMs: 400 });
    const relay = await startRelay(home, { project: 7, epochs: 8 });
    const watcher = await training(home, { work: false });
    const { id } = await onlyJob(watcher);
    await until(watcher, id, (job) => (job.progress?.epoch ?? 0) >= 3);
    await kill(relay);
    const [trainer] = await starts(home);
    process.kill(trainer?.pid ?? 0, 'SIGKILL');
    await setFaults(home, {});
    const next = await training(home);
    const job = await until(next, id, 'done');
    expect(job.attempts).toBe(2);
    expect(job.notes.map(({ code }) => code)).toContain('resumed');
    expect(
      (await starts(home)).map(({ module, resume }) => `${module} ${String(resume)}`).slice(0, 2),
    ).toEqual(['train false', 'train true']);
    expect(await modelsOf(home)).toEqual([job.model]);
  });

  it.each(['train', 'evaluate', 'export'] as const)(
    'after %s has ended, before it could act on it',
    async (step) => {
      const relay = await startRelay(home, { project: 7, hangAfter: step });
      const watcher = await training(home, { work: false });
      const { id } = await onlyJob(watcher);
      const name = step === 'evaluate' ? 'evaluate-base' : step;
      const events = join(home, 'jobs', id, name, 'events-1.jsonl');
      while ((await readFinal(events)) === undefined) await sleep(20);
      await sleep(100);
      await kill(relay);
      const next = await training(home);
      await expectWhole(next, id, 3);
      const modules = (await starts(home)).map(({ module }) => module);
      expect(modules).toEqual(['train', 'evaluate', 'evaluate', 'export']);
    },
  );

  it('between the rename of the model and its own note of it', async () => {
    const relay = await startRelay(home, { project: 7, hangAfter: 'export' });
    const watcher = await training(home, { work: false });
    const { id } = await onlyJob(watcher);
    const exported = join(home, 'jobs', id, 'export');
    while ((await readFinal(join(exported, 'events-1.jsonl'))) === undefined) await sleep(20);
    await sleep(100);
    await kill(relay);
    const final = (await readFinal(join(exported, 'events-1.jsonl'))) as unknown as {
      readonly model: string;
    };
    await rename(join(exported, 'model'), join(home, 'models', final.model));
    const next = await training(home);
    const job = await expectWhole(next, id, 3);
    expect(job.model).toBe(final.model);
  });

  it('again and again: the job is offered for resuming then', async () => {
    let service: TrainingService | undefined;
    for (let death = 0; death < 3; death++) {
      const relay = await startRelay(home, { collectMs: 60_000, ...(death === 0 ? { project: 7 } : {}) });
      service ??= await training(home, { work: false });
      const { id } = await onlyJob(service);
      await until(service, id, (job) => job.state === 'collecting' && job.attempts === death + 1);
      await kill(relay);
    }
    await service?.close();
    const next = await training(home);
    const { id } = await onlyJob(next);
    await poll(async () => (await next.get(id))?.state).toBe('interrupted');
    expect((await next.get(id))?.error?.code).toBe('restarted-too-often');
    await next.resume(id);
    await expectWhole(next, id, 3);
  });

  it('after a cancel, while the step still stopped: the next one stops it', async () => {
    await setFaults(home, { epochMs: 60_000, deaf: true });
    const relay = await startRelay(home, { project: 7 });
    const watcher = await training(home, { work: false });
    const { id } = await onlyJob(watcher);
    while ((await starts(home)).length === 0) await sleep(20);
    await until(watcher, id, (job) => job.progress?.step === 'Training');
    await watcher.cancel(id);
    await kill(relay);
    const [trainer] = await starts(home);
    await training(home);
    await poll(() => isRunning(trainer?.pid ?? 0)).toBe(false);
    expect((await watcher.get(id))?.state).toBe('cancelled');
  });
});

describe('two processes with one home', () => {
  it('share the work: one does it, both see it', async () => {
    await startRelay(home, { collectMs: 200 });
    const service = await training(home);
    const heard: string[] = [];
    service.subscribe((event) => heard.push(event.type));
    const ids: string[] = [];
    for (const project of [1, 2, 3]) ids.push((await service.start({ project, epochs: 2 }, 'person')).id);
    const jobs = await Promise.all(ids.map((id) => until(service, id, 'done')));
    const times = jobs.flatMap(({ started, ended }) => [started, ended]);
    expect(times).toEqual([...times].sort());
    expect((await starts(home)).filter(({ module }) => module === 'train')).toHaveLength(3);
    await poll(() => heard.filter((type) => type === 'model').length).toBe(3);
    expect(jobs.every(({ attempts }) => attempts === 1)).toBe(true);
  });

  it('hand over: what one queued and began, the other ends after its death', async () => {
    const relay = await startRelay(home, { project: 7, collectMs: 60_000 });
    const service = await training(home);
    const first = await until(service, (await onlyJob(service)).id, 'collecting');
    const second = await service.start({ project: 8, epochs: 2 }, 'person');
    await sleep(600);
    expect((await service.get(second.id))?.state).toBe('queued');
    await kill(relay);
    await until(service, first.id, 'done');
    await until(service, second.id, 'done');
    expect(await modelsOf(home)).toHaveLength(2);
  });

  it('see each other cancel', async () => {
    await setFaults(home, { epochMs: 60_000 });
    await startRelay(home, { project: 7 });
    const watcher = await training(home, { work: false });
    const { id } = await onlyJob(watcher);
    while ((await starts(home)).length === 0) await sleep(20);
    await watcher.cancel(id);
    const [trainer] = await starts(home);
    await poll(() => isRunning(trainer?.pid ?? 0)).toBe(false);
    expect((await told(watcher, id)).at(-1)).toMatchObject({ type: 'job', job: { state: 'cancelled' } });
  });
});
