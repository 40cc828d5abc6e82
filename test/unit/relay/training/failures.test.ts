import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TrainingError, type TrainingService } from '../../../../src/relay/training/contracts.ts';
import type { Job } from '../../../../src/training/job.ts';
import { poll } from './patience.ts';
import {
  clear,
  isRunning,
  makeHome,
  modelsOf,
  setFaults,
  slowCollect,
  starts,
  training,
  until,
} from './trainingHome.ts';

let home: string;
beforeEach(async () => {
  home = await makeHome();
});
afterEach(() => clear(home));

const request = { project: 7, epochs: 6 };

async function refusal(promise: Promise<unknown>): Promise<TrainingError> {
  const error: unknown = await promise.then(
    () => new Error('It was not refused.'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(TrainingError);
  return error as TrainingError;
}

async function ended(service: TrainingService, id: string, state: Job['state']): Promise<Job> {
  await poll(async () => (await service.get(id))?.state).toBe(state);
  const job = await service.get(id);
  if (job === undefined) throw new Error(`Job ${id} is gone.`);
  return job;
}

describe('a trainer that dies', () => {
  it('by SIGKILL: interrupted, and resumed from its last checkpoint', async () => {
    await setFaults(home, { epochMs: 500 });
    const service = await training(home);
    const { id } = await service.start(request, 'person');
    await until(service, id, (job) => (job.progress?.epoch ?? 0) >= 3);
    process.kill((await starts(home))[0]?.pid ?? 0, 'SIGKILL');
    const job = await ended(service, id, 'interrupted');
    expect(job.error).toMatchObject({
      code: 'trainer-killed',
      message: expect.stringContaining('memory') as string,
    });
    expect(job.progress).toBeNull();

    await setFaults(home, {});
    expect((await service.resume(id)).state).toBe('queued');
    const done = await until(service, id, 'done');
    expect(done.attempts).toBe(2);
    const trains = (await starts(home)).filter(({ module }) => module === 'train');
    expect(trains.map(({ resume }) => resume)).toEqual([false, true]);
    const epochs: number[] = [];
    for await (const { event } of service.events(id, 0, AbortSignal.timeout(5000))) {
      if (event.type === 'loss') epochs.push(event.epoch);
    }
    expect(epochs).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('one process of several by SIGKILL: that is no cancel, though the others say so', async () => {
    await setFaults(home, { workerKilled: true });
    const service = await training(home);
    const { id } = await service.start(request, 'person');
    const { error } = await ended(service, id, 'interrupted');
    expect(error?.code).toBe('trainer-killed');
    await setFaults(home, {});
    await service.resume(id);
    await until(service, id, 'done');
  });

  it('without a word: its log has the last one', async () => {
    await setFaults(home, { silent: true });
    const service = await training(home);
    const { id } = await service.start(request, 'person');
    const { error } = await ended(service, id, 'interrupted');
    expect(error?.code).toBe('trainer-died');
    expect(error?.message).toContain('exit code 3');
    expect(error?.message).toContain('Fake trainer: train');
  });

  it('with a reason: failed, in its own words; what was collected may be the reason', async () => {
    await setFaults(home, { trainError: ['no-boxes', 'No image has a box. Annotate some first.'] });
    let collected = 0;
    const collect = slowCollect(20);
    const service = await training(home, {
      collect: (wanted, options) => {
        collected += 1;
        return collect(wanted, options);
      },
    });
    const { id } = await service.start(request, 'person');
    const { error } = await ended(service, id, 'failed');
    expect(error).toEqual({ code: 'no-boxes', message: 'No image has a box. Annotate some first.' });
    await setFaults(home, {});
    await service.resume(id);
    await until(service, id, 'done');
    expect(collected).toBe(2);
  });
});

describe('cancel', () => {
  it('of a queued job leaves nothing to do', async () => {
    const service = await training(home, { work: false });
    const { id } = await service.start(request, 'person');
    expect(await service.cancel(id)).toMatchObject({ state: 'cancelled', attempts: 0 });
    expect((await refusal(service.cancel(id))).code).toBe('job-ended');
    expect((await refusal(service.cancel('none'))).code).toBe('job-unknown');
  });

  it('while it collects ends the collecting', async () => {
    let begun = false;
    let aborted = false;
    const collect = slowCollect(60_000);
    const service = await training(home, {
      collect: async (wanted, options) => {
        options.signal.addEventListener('abort', () => (aborted = true));
        begun = true;
        return collect(wanted, options);
      },
    });
    const { id } = await service.start(request, 'person');
    await poll(() => begun).toBe(true);
    expect((await service.cancel(id)).state).toBe('cancelled');
    expect(aborted).toBe(true);
    expect(await starts(home)).toEqual([]);
  });

  it.each([
    ['training', { epochMs: 60_000 }],
    ['evaluating', { imageMs: 60_000 }],
    ['exporting', { exportMs: 60_000 }],
  ] as const)('while it is %s stops the step; it can be resumed', async (state, faults) => {
    await setFaults(home, faults);
    const service = await training(home);
    const { id } = await service.start(request, 'person');
    await until(service, id, state);
    await poll(async () =>
      (await starts(home)).some((step) => state.startsWith(step.module.slice(0, 5))),
    ).toBe(true);
    await sleep(200);
    expect((await service.cancel(id)).state).toBe('cancelled');
    const pid = (await starts(home)).at(-1)?.pid ?? 0;
    await poll(() => isRunning(pid)).toBe(false);
    expect(await modelsOf(home)).toEqual([]);

    await setFaults(home, {});
    const before = (await starts(home)).length;
    await service.resume(id);
    const job = await until(service, id, 'done');
    expect((await starts(home))[before]?.module).toBe((await starts(home))[before - 1]?.module);
    expect(await modelsOf(home)).toEqual([job.model]);
  });

  it('kills a step that does not listen', async () => {
    await setFaults(home, { epochMs: 60_000, deaf: true });
    const service = await training(home);
    const { id } = await service.start(request, 'person');
    await poll(async () => (await starts(home)).length).toBe(1);
    await service.cancel(id);
    const pid = (await starts(home))[0]?.pid ?? 0;
    await poll(() => isRunning(pid)).toBe(false);
  });
});

describe('close', () => {
  it('leaves the step running for the next service, which adopts it', async () => {
    await setFaults(home, { epochMs: 200 });
    const first = await training(home);
    const { id } = await first.start(request, 'person');
    await until(first, id, (job) => (job.progress?.epoch ?? 0) >= 1);
    await first.close();
    const second = await training(home);
    const job = await until(second, id, 'done');
    expect(job.attempts).toBe(1);
    expect((await starts(home)).filter(({ module }) => module === 'train')).toHaveLength(1);
  });

  it('puts a job back that collects', async () => {
    const first = await training(home, { collect: slowCollect(60_000) });
    const { id } = await first.start(request, 'person');
    await until(first, id, 'collecting');
    await first.close();
    const second = await training(home);
    await until(second, id, 'done');
  });
});

describe('what is refused at once', () => {
  it.each([
    ['base-unknown', { base: 'nobody' }, {}],
    ['request-invalid', { epochs: 0 }, {}],
    ['executor-unavailable', { executor: 'ray' as const }, {}],
    ['label-studio-unknown', {}, { access: () => Promise.resolve(null) }],
  ])('%s', async (code, more, options) => {
    const service = await training(home, options);
    const error = await refusal(service.start({ project: 7, ...more }, 'person'));
    expect(error.code).toBe(code);
    expect(await service.list()).toEqual([]);
  });

  it('base-not-trainable', async () => {
    await rm(join(home, 'models', 'base', 'checkpoint.pth'));
    const service = await training(home);
    expect((await refusal(service.start(request, 'person'))).code).toBe('base-not-trainable');
  });

  it('a second training of a project, however close', async () => {
    const service = await training(home, { work: false });
    const asked = await Promise.allSettled([1, 2, 3, 4].map(() => service.start(request, 'person')));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const [job] = await service.list();
    const error = await refusal(service.start(request, 'label-studio'));
    expect(error.code).toBe('job-running');
    expect(error.message).toContain(job?.id);
  });

  it('resuming what is done, or beside another training of the project', async () => {
    const service = await training(home);
    const { id } = await service.start({ ...request, epochs: 1 }, 'person');
    await until(service, id, 'done');
    expect((await refusal(service.resume(id))).code).toBe('job-not-resumable');
    await setFaults(home, { epochMs: 60_000 });
    const second = await service.start(request, 'person');
    await service.cancel(second.id);
    await service.start(request, 'person');
    expect((await refusal(service.resume(second.id))).code).toBe('job-running');
  });
});

describe('space', () => {
  it('is asked for before the training', async () => {
    const service = await training(home, { freeBytes: () => Promise.resolve(2 ** 20) });
    const { id } = await service.start(request, 'person');
    const { error } = await ended(service, id, 'failed');
    expect(error?.code).toBe('disk-full');
    expect(await starts(home)).toEqual([]);
  });

  it('is given back: data and checkpoints of the newest jobs stay, of older ones the log', async () => {
    const service = await training(home, { keepJobs: 1 });
    const ids: string[] = [];
    for (const project of [1, 2]) {
      const { id } = await service.start({ project, epochs: 1 }, 'person');
      await until(service, id, 'done');
      ids.push(id);
    }
    const [old = '', young = ''] = ids;
    await poll(() => readdir(join(home, 'jobs', old))).toEqual(['events.jsonl', 'log.txt']);
    expect(await readdir(join(home, 'jobs', young))).toContain('train');
    expect(await modelsOf(home)).toHaveLength(2);
  });

  it('of a removed job too', async () => {
    const service = await training(home);
    const { id } = await service.start({ project: 1, epochs: 1 }, 'person');
    await until(service, id, 'done');
    const running = await service.start({ project: 2, epochs: 1 }, 'person');
    expect((await refusal(service.remove(running.id))).code).toBe('job-running');
    await until(service, running.id, 'done');
    await service.remove(id);
    expect(await service.get(id)).toBeUndefined();
    expect(await readdir(join(home, 'jobs'))).toEqual([running.id]);
    expect(await modelsOf(home)).toHaveLength(2);
  });

  it('of a job over whose removal the relay died; nothing else that is unknown is touched', async () => {
    const first = await training(home);
    const { id } = await first.start({ project: 1, epochs: 1 }, 'person');
    await until(first, id, 'done');
    await first.close();
    for (const name of ['lost', 'of-another-relay', id]) {
      await mkdir(join(home, 'jobs', name), { recursive: true });
      if (name !== 'of-another-relay') await writeFile(join(home, 'jobs', name, 'removed'), '');
    }
    await training(home);
    await poll(() => readdir(join(home, 'jobs'))).toEqual([id, 'of-another-relay'].sort());
    // That one's removal was begun and not done.
    await poll(() => readdir(join(home, 'jobs', id))).not.toContain('removed');
  });

  it('that was given back does not hinder a resume: it begins anew', async () => {
    const service = await training(home, { keepJobs: 0 });
    await setFaults(home, { epochMs: 60_000 });
    const { id } = await service.start(request, 'person');
    await until(service, id, 'training');
    await service.cancel(id);
    await poll(() => readdir(join(home, 'jobs', id))).not.toContain('dataset');
    await setFaults(home, {});
    await service.resume(id);
    await until(service, id, 'done');
  });
});

describe('MMDetection', () => {
  it('is installed before the first step, and said', async () => {
    let ready = false;
    const service = await training(home, {
      trainerReady: async (onProgress) => {
        if (ready) return;
        onProgress({ step: 'Installing MMDetection (once)', done: 1, total: 4, detail: 'Downloading torch' });
        await sleep(300);
        ready = true;
      },
    });
    const { id } = await service.start({ project: 7, epochs: 1 }, 'person');
    await until(service, id, (job) => job.progress?.step === 'Installing MMDetection (once)');
    expect((await service.get(id))?.state).toBe('training');
    await until(service, id, 'done');
    expect(await service.log(id, 0)).toMatch(/^Downloading torch\n/u);
  });
});
