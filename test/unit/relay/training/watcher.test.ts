import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it, vi } from 'vitest';
import { openDatabase } from '../../../../src/relay/database.ts';
import { JobStore } from '../../../../src/relay/training/jobStore.ts';
import { Nudge } from '../../../../src/relay/training/nudge.ts';
import { Watcher } from '../../../../src/relay/training/watcher.ts';
import { aJob } from './fakeTraining.ts';
import { poll } from './patience.ts';

it('the watcher looks for changed rows once after a job was removed, not for ever', async () => {
  const home = await mkdtemp(join(tmpdir(), 'forelabel-watcher-'));
  const database = await openDatabase(home);
  const store = new JobStore(database);
  const changes = new Nudge();
  const log = pino({ level: 'silent' });
  const takeNewModel = () => Promise.resolve(false);
  const watcher = await Watcher.start({ store, changes, takeNewModel, log });
  try {
    const asked = vi.spyOn(store, 'changedSince');
    const looked = vi.spyOn(store, 'revision');
    const heard: string[] = [];
    watcher.subscribe((event) => event.type === 'job' && heard.push(event.job.state));
    await store.insert({ job: aJob, queued: aJob.created });
    await store.change(aJob.id, ['training'], { state: 'cancelled' });
    changes.nudge();
    await poll(() => heard).toEqual(['cancelled']);
    await store.remove(aJob.id);
    const before = asked.mock.calls.length;
    for (let look = 0; look < 5; look++) {
      const looks = looked.mock.calls.length;
      changes.nudge();
      await poll(() => looked.mock.calls.length).toBeGreaterThan(looks);
    }
    expect(asked.mock.calls.length - before).toBeLessThanOrEqual(1);
  } finally {
    await watcher.close();
    database.close();
    await rm(home, { recursive: true, force: true });
  }
});
