import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@libsql/client';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../../src/relay/database.ts';
import { activeStates, endedStates, JobStore } from '../../../../src/relay/training/jobStore.ts';
import { Lease } from '../../../../src/relay/training/lease.ts';
import { jobStates, type Job, type JobState } from '../../../../src/training/job.ts';
import { poll } from './patience.ts';
import { clear, makeHome, setFaults, starts, training, until } from './trainingHome.ts';

let home: string;
let database: Client;
let store: JobStore;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'forelabel-store-'));
  database = await openDatabase(home);
  store = new JobStore(database);
});
afterEach(async () => {
  database.close();
  await rm(home, { recursive: true, force: true });
});

function job(id: string, project = 1): Job {
  return {
    id,
    state: 'queued',
    trigger: 'person',
    labelStudio: 'http://127.0.0.1:8080',
    project,
    projectTitle: 'Cells',
    request: { project, preset: 'quick' },
    executor: 'local',
    epochs: 3,
    base: 'base-12345678',
    model: null,
    metrics: { base: null, new: null },
    dataset: null,
    progress: null,
    notes: [],
    error: null,
    attempts: 0,
    created: '2026-01-01T00:00:00.000Z',
    started: null,
    ended: null,
  };
}
const insert = (id: string, project?: number) => store.insert({ job: job(id, project), queued: id });

describe('the table of jobs', () => {
  it('knows which tag a project was trained on last', async () => {
    const put = async (id: string, project: number, control?: string) => {
      const plain = job(id, project);
      await store.insert({ job: { ...plain, request: { ...plain.request, control } }, queued: id });
      await store.change(id, ['queued'], { state: 'done' });
    };
    await put('a', 1, 'first');
    await put('b', 1, 'second');
    await put('c', 1);
    await put('d', 2, 'other');
    expect(await store.usualControl('http://127.0.0.1:8080', 1)).toBe('second');
    expect(await store.usualControl('http://127.0.0.1:8080', 3)).toBeUndefined();
    expect(await store.usualControl('http://127.0.0.1:9090', 1)).toBeUndefined();
  });

  it('gives back what was put in', async () => {
    await insert('a');
    expect((await store.get('a'))?.job).toEqual(job('a'));
    const progress = { step: 'Training', done: 1, total: 2, epoch: 1, epochs: 3, secondsLeft: 4 };
    const metrics = { base: { AP: 0.1 }, new: null };
    const step = { name: 'train' as const, attempt: 2, handle: { pid: 7, started: '1', boot: 'x' } };
    const changed = await store.change('a', ['queued'], { state: 'training', progress, metrics, step });
    expect(changed).toMatchObject({ job: { state: 'training', progress, metrics }, step });
    expect(await store.get('a')).toEqual(changed);
  });

  it('changes a job only in the states that are named, and only for the owner of the lease', async () => {
    await insert('a');
    expect(await store.change('a', ['training'], { state: 'evaluating' })).toBeUndefined();
    const [lease, lost] = [new Lease(database), new Lease(database)];
    await lease.take();
    expect(await store.change('a', ['queued'], { state: 'training' }, lost.owner)).toBeUndefined();
    expect(await store.change('a', ['queued'], { state: 'training' }, lease.owner)).toBeDefined();
    expect((await store.get('a'))?.job.state).toBe('training');
  });

  it('tells what has changed, once, also after the newest job was removed', async () => {
    await insert('a');
    await insert('b', 2);
    const before = await store.revision();
    await store.change('b', ['queued'], { state: 'cancelled' });
    await store.remove('b');
    expect(await store.changedSince(before)).toEqual([]);
    const removed = await store.revision();
    await store.change('a', ['queued'], { state: 'collecting' });
    expect((await store.changedSince(removed)).map(({ job: { id } }) => id)).toEqual(['a']);
  });

  it('has one active job of a project at most, whoever does what in which order', async () => {
    const operation = fc.oneof(
      fc.record({ do: fc.constant('insert' as const), project: fc.constantFrom(1, 2) }),
      fc.record({ do: fc.constant('again' as const), job: fc.nat(), state: fc.constant('queued' as const) }),
      fc.record({
        do: fc.constant('change' as const),
        job: fc.nat(),
        from: fc.subarray([...activeStates], { minLength: 1 }),
        state: fc.constantFrom(...jobStates),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (operations) => {
        await database.execute('DELETE FROM jobs');
        const ids: string[] = [];
        for (const step of operations) {
          const id = step.do === 'insert' ? String(ids.length) : (ids[step.job % ids.length] ?? 'none');
          const before = (await store.get(id))?.job.state;
          if (step.do === 'insert') {
            const active = (await store.list()).some(
              ({ job: { project, state } }) => project === step.project && activeStates.includes(state),
            );
            expect(await insert(id, step.project)).toBe(!active);
            if (!active) ids.push(id);
          } else if (step.do === 'again') {
            await store.queueAgain(id, endedStates, {});
          } else {
            const changed = await store.change(id, step.from, { state: step.state });
            expect(changed !== undefined).toBe(before !== undefined && step.from.includes(before));
          }
          for (const project of [1, 2]) {
            const states: JobState[] = (await store.list())
              .filter(({ job: found }) => found.project === project)
              .map(({ job: found }) => found.state);
            expect(states.filter((state) => activeStates.includes(state)).length).toBeLessThanOrEqual(1);
          }
        }
      }),
      { numRuns: 25 },
    );
  });
});

it('a worker that loses its lease leaves the job, which its next owner takes up', async () => {
  const place = await makeHome();
  try {
    await setFaults(place, { epochMs: 200 });
    const service = await training(place);
    const { id } = await service.start({ project: 7, epochs: 8 }, 'person');
    await until(service, id, (found) => (found.progress?.epoch ?? 0) >= 1);
    const other = await openDatabase(place);
    // Somebody else had it for a moment, and died.
    await other.execute({
      sql: "UPDATE leases SET owner = 'another', started = '1', beat = ?",
      args: [Date.now()],
    });
    await poll(async () => (await other.execute('SELECT owner FROM leases')).rows[0]?.owner).not.toBe(
      'another',
    );
    other.close();
    const done = await until(service, id, 'done');
    expect(done.attempts).toBe(1);
    expect((await starts(place)).filter(({ module }) => module === 'train')).toHaveLength(1);
  } finally {
    await clear(place);
  }
});
