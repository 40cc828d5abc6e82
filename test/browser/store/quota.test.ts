import { cdp } from 'vitest/browser';
import { deleteDB } from 'idb';
import { expect, it } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { resultStore } from '../../../src/store/results.ts';
import { resultOf, SOURCE, VERSION } from './rows.ts';

/** The part of Chromium's debugging protocol that is needed here. */
interface Session {
  send(
    method: 'Storage.overrideQuotaForOrigin',
    params: { origin: string; quotaSize?: number },
  ): Promise<unknown>;
}

it('a full disk is told as such, takes nothing away, and heals', async () => {
  const session = cdp() as unknown as Session;
  const { origin } = location;
  const { usage = 0 } = await navigator.storage.estimate();
  // Before the first write: Chromium believes for up to 30 s what it last heard of the room that is left.
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + 2_000_000 });
  const name = `test-${crypto.randomUUID()}`;
  const database = await openDatabase({ name });
  const store = resultStore(database);
  await store.put(resultOf(1), { queueForPosting: true });
  const [box] = resultOf(2).detections;
  if (box === undefined) throw new Error('no box');
  // Some megabytes: what is tiny fits in however full the disk is.
  const detections = Array.from({ length: 100_000 }, (_, index) => ({ ...box, x1: index / 3 }));
  const large = { ...resultOf(2), detections };
  try {
    // Repeated, for an earlier test may have written just now.
    await expect
      .poll(() => store.put(large, { queueForPosting: true }).catch((error: unknown) => error), {
        timeout: 45_000,
        interval: 1000,
      })
      .toMatchObject({
        name: 'StoreError',
        code: 'quota',
        message: expect.stringMatching(/no room.*Free some disk space/u) as unknown,
      });
  } finally {
    await session.send('Storage.overrideQuotaForOrigin', { origin });
  }
  expect(await store.get(SOURCE, 'task:1', VERSION)).toEqual(resultOf(1));
  expect(await store.outbox(SOURCE, VERSION, 1)).toEqual([resultOf(1)]);
  await store.put(resultOf(3), { queueForPosting: true });
  expect(await store.get(SOURCE, 'task:3', VERSION)).toEqual(resultOf(3));
  database.close();
  await deleteDB(name);
}, 90_000);
