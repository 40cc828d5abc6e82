/** Steps that are to end, on a cluster that does not always answer. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InterruptedError, TrainingError, type Executor } from '../../../../src/relay/training/contracts.ts';
import { poll } from './patience.ts';
import {
  clear,
  fakeExecutor,
  isRunning,
  makeHome,
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

/** Processes of this machine, behind a line that can be cut. */
function cluster() {
  const local = fakeExecutor();
  const state = { silent: false, stops: 0 };
  const answer = () => {
    if (state.silent) throw new InterruptedError('ray-unreachable', 'Nobody answers. Try again.');
  };
  const ray: Executor = {
    ...local,
    kind: 'ray',
    start(command) {
      answer();
      return local.start(command);
    },
    async stop(handle) {
      state.stops += 1;
      answer();
      await local.stop(handle);
    },
  };
  return { state, executors: { local, ray } };
}

const isGone = (pid: number | undefined) => !isRunning(pid);

describe('a cancelled job whose cluster is silent', () => {
  it('keeps no other job waiting, and its step ends when the cluster answers', async () => {
    const { state, executors } = cluster();
    await setFaults(home, { epochMs: 60_000 });
    const service = await training(home, { executors });
    const { id } = await service.start({ project: 1, executor: 'ray' }, 'person');
    await poll(async () => (await starts(home)).length).toBe(1);
    await until(service, id, (job) => job.progress?.step === 'Training');
    const [step] = await starts(home);
    state.silent = true;
    expect((await service.cancel(id)).state).toBe('cancelled');

    await setFaults(home, {});
    const other = await service.start({ project: 2, epochs: 1 }, 'person');
    await until(service, other.id, 'done');
    expect(isGone(step?.pid)).toBe(false);
    await expect(service.remove(id)).rejects.toMatchObject({ code: 'job-running' });

    state.silent = false;
    await poll(() => isGone(step?.pid)).toBe(true);
    await poll(() =>
      service.remove(id).then(
        () => 'removed',
        () => 'kept',
      ),
    ).toBe('removed');
  });

  it('is asked less and less often', async () => {
    const { state, executors } = cluster();
    await setFaults(home, { epochMs: 60_000 });
    const service = await training(home, { executors });
    const { id } = await service.start({ project: 1, executor: 'ray' }, 'person');
    await until(service, id, (job) => job.progress?.step === 'Training');
    await poll(async () => (await starts(home)).length).toBe(1);
    state.silent = true;
    await service.cancel(id);
    await new Promise((resolve) => setTimeout(resolve, 4500));
    // At once, after 1 s and after 2 s more.
    expect(state.stops).toBeGreaterThanOrEqual(2);
    expect(state.stops).toBeLessThanOrEqual(3);
  });

  it('cannot be resumed until it answers: that is its reason then', async () => {
    const { state, executors } = cluster();
    await setFaults(home, { epochMs: 60_000 });
    const service = await training(home, { executors });
    const { id } = await service.start({ project: 1, epochs: 2, executor: 'ray' }, 'person');
    await until(service, id, (job) => job.progress?.step === 'Training');
    await poll(async () => (await starts(home)).length).toBe(1);
    state.silent = true;
    await service.cancel(id);
    await service.resume(id);
    await poll(async () => (await service.get(id))?.state).toBe('interrupted');
    expect((await service.get(id))?.error?.code).toBe('step-not-stopped');

    state.silent = false;
    await setFaults(home, {});
    await service.resume(id);
    await until(service, id, 'done');
    const [first, ...others] = await starts(home);
    expect(isGone(first?.pid)).toBe(true);
    expect(others.filter(({ module }) => module === 'train')).toHaveLength(1);
  });
});

describe('a job that fails while its step cannot be stopped', () => {
  it('has failed all the same', async () => {
    const { state, executors } = cluster();
    const { ray } = executors;
    await setFaults(home, { epochMs: 60_000 });
    const service = await training(home, {
      executors: {
        ...executors,
        ray: {
          ...ray,
          wait: () => {
            state.silent = true;
            return Promise.reject(new TrainingError('ray-unauthorized', 'The token changed. Set it.'));
          },
        },
      },
    });
    const { id } = await service.start({ project: 1, executor: 'ray' }, 'person');
    await poll(async () => (await service.get(id))?.state).toBe('failed');
    expect((await service.get(id))?.error?.code).toBe('ray-unauthorized');
    state.silent = false;
    await poll(async () => isGone((await starts(home))[0]?.pid)).toBe(true);
  });
});

describe('a cluster that is lost', () => {
  it('interrupts a job', async () => {
    const { state, executors } = cluster();
    state.silent = true;
    const service = await training(home, { executors });
    const { id } = await service.start({ project: 1, epochs: 1, executor: 'ray' }, 'person');
    await poll(async () => (await service.get(id))?.state).toBe('interrupted');
    expect((await service.get(id))?.error?.code).toBe('ray-unreachable');
    state.silent = false;
    await service.resume(id);
    await until(service, id, 'done');
  });

  it('needs no MMDetection on this machine', async () => {
    const { executors } = cluster();
    const trainerReady = () => Promise.reject(new Error('Nobody should ask.'));
    const service = await training(home, { executors, trainerReady });
    const { id } = await service.start({ project: 1, epochs: 1, executor: 'ray' }, 'person');
    await until(service, id, 'done');
  });

  it('after the training was done costs nothing', async () => {
    const { executors } = cluster();
    const { ray } = executors;
    const service = await training(home, {
      executors: {
        ...executors,
        ray: {
          ...ray,
          async wait(handle, command, signal) {
            await ray.wait(handle, command, signal);
            throw new InterruptedError('ray-unreachable', 'Nobody answers any more. Try again.');
          },
        },
      },
    });
    const { id } = await service.start({ project: 1, epochs: 1, executor: 'ray' }, 'person');
    await until(service, id, 'done');
  });
});

describe('a step that ended while no relay watched', () => {
  it('is asked for its end, which may be the reason', async () => {
    const { executors } = cluster();
    await setFaults(home, { epochMs: 60_000 });
    const first = await training(home, { executors });
    const { id } = await first.start({ project: 1, executor: 'ray' }, 'person');
    await until(first, id, (job) => job.progress?.step === 'Training');
    await poll(async () => (await starts(home)).length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await first.close();
    process.kill((await starts(home))[0]?.pid ?? 0, 'SIGKILL');

    const wait = () =>
      Promise.reject(new TrainingError('ray-no-shared-folder', 'The node cannot read it. Mount it.'));
    const second = await training(home, { executors: { ...executors, ray: { ...executors.ray, wait } } });
    await poll(async () => (await second.get(id))?.state).toBe('failed');
    expect((await second.get(id))?.error?.code).toBe('ray-no-shared-folder');
    // Nothing was started in its place.
    expect(await starts(home)).toHaveLength(1);
  });
});

describe('a collecting that is cancelled, or fails,', () => {
  it.each([
    ['cancelled', undefined],
    ['failed', new TrainingError('no-boxes', 'There is no box. Draw some.')],
  ] as const)('leaves nothing of its data: %s', async (state, failure) => {
    let fetched = false;
    const service = await training(home, {
      collect: async (wanted, options) => {
        const stop = failure && AbortSignal.timeout(1000);
        const signal = stop ? AbortSignal.any([options.signal, stop]) : options.signal;
        const onProgress = () => (fetched = true);
        try {
          return await slowCollect(5000)(wanted, { signal, onProgress });
        } catch (error) {
          throw failure ?? error;
        }
      },
    });
    const { id } = await service.start({ project: 1 }, 'person');
    await poll(() => fetched).toBe(true);
    expect(await readdir(join(home, 'jobs', id))).toContain('dataset');
    if (state === 'cancelled') await service.cancel(id);
    await poll(async () => (await service.get(id))?.state).toBe(state);
    await poll(() => readdir(join(home, 'jobs', id))).not.toContain('dataset');
  });
});
