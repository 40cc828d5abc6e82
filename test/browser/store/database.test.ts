import { deleteDB } from 'idb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MIGRATIONS, openDatabase } from '../../../src/store/database.ts';
import type { Database, OpenOptions } from '../../../src/store/database.ts';
import { resultStore } from '../../../src/store/results.ts';
import { resultOf, SOURCE, VERSION } from './rows.ts';

let name = '';
let open: Database[] = [];

beforeEach(() => {
  name = `test-${crypto.randomUUID()}`;
  open = [];
});
afterEach(async () => {
  for (const database of open) database.close();
  await deleteDB(name);
});

async function opened(options: OpenOptions = {}): Promise<Database> {
  const database = await openDatabase({ name, ...options });
  open.push(database);
  return database;
}

describe('results', () => {
  it('are there after the database was closed and opened again, outbox included, in order', async () => {
    const before = await opened();
    for (const task of [3, 1, 2])
      await resultStore(before).put(resultOf(task), { queueForPosting: task !== 1 });
    before.close();
    const store = resultStore(await opened());
    expect((await store.all(SOURCE, VERSION)).map(({ key }) => key)).toEqual(['task:3', 'task:1', 'task:2']);
    expect((await store.outbox(SOURCE, VERSION, 10)).map(({ key }) => key)).toEqual(['task:3', 'task:2']);
    expect(await store.get(SOURCE, 'task:1', VERSION)).toEqual(resultOf(1));
  });

  it('leave the outbox when confirmed, from whichever tab', async () => {
    const [one, two] = [resultStore(await opened()), resultStore(await opened())];
    await one.put(resultOf(1), { queueForPosting: true });
    await one.put(resultOf(2), { queueForPosting: true });
    expect(await two.outbox(SOURCE, VERSION, 1)).toEqual([resultOf(1)]);
    await two.confirm(SOURCE, VERSION, ['task:1', 'unknown']);
    await two.reject(SOURCE, VERSION, 'task:2', { code: 'rejected', message: 'no' });
    expect(await one.outbox(SOURCE, VERSION, 10)).toEqual([]);
    expect(await one.get(SOURCE, 'task:2', VERSION)).toMatchObject({ error: { code: 'rejected' } });
  });

  it('written by two tabs at once stay one row each', async () => {
    const [one, two] = [resultStore(await opened()), resultStore(await opened())];
    const tasks = Array.from({ length: 40 }, (_, index) => index);
    await Promise.all(
      tasks.flatMap((task) =>
        [one, two].map((store) => store.put(resultOf(task), { queueForPosting: true })),
      ),
    );
    expect(await one.all(SOURCE, VERSION)).toHaveLength(40);
    expect(await two.outbox(SOURCE, VERSION, 100)).toHaveLength(40);
  });

  it('of other sources and versions are kept apart', async () => {
    const store = resultStore(await opened());
    await store.put(resultOf(1), { queueForPosting: true });
    await store.put({ ...resultOf(1), modelVersion: 'other' }, { queueForPosting: true });
    await store.put({ ...resultOf(1), sourceId: 'other' }, { queueForPosting: true });
    expect(await store.all(SOURCE, VERSION)).toHaveLength(1);
    expect(await store.outbox(SOURCE, 'other', 10)).toHaveLength(1);
    await store.confirm(SOURCE, 'other', ['task:1']);
    expect(await store.outbox(SOURCE, VERSION, 10)).toHaveLength(1);
    expect(await store.outbox('other', VERSION, 10)).toHaveLength(1);
  });
});

describe('an upgrade', () => {
  const second = [
    ...MIGRATIONS,
    async (_database: Database, upgrade: Parameters<(typeof MIGRATIONS)[number]>[1]) => {
      const results = upgrade.objectStore('results');
      for (let cursor = await results.openCursor(); cursor !== null; cursor = await cursor.continue()) {
        await cursor.update({ ...cursor.value, name: `renamed ${cursor.value.name}` });
      }
    },
  ];

  it('keeps what is stored, and asks older tabs to let go', async () => {
    const lost: string[] = [];
    const old = await opened({ onLost: ({ code }) => lost.push(code) });
    await resultStore(old).put(resultOf(1), { queueForPosting: true });
    const store = resultStore(await opened({ migrations: second }));
    expect(await store.outbox(SOURCE, VERSION, 10)).toEqual([{ ...resultOf(1), name: 'renamed Task 1' }]);
    expect(lost).toEqual(['outdated']);
    // The older tab is told what to do when it goes on regardless.
    await expect(resultStore(old).put(resultOf(2), { queueForPosting: true })).rejects.toMatchObject({
      name: 'StoreError',
      code: 'outdated',
      message: expect.stringMatching(/Reload this page/u) as unknown,
    });
  });

  it('that fails changes nothing', async () => {
    const old = await opened();
    await resultStore(old).put(resultOf(1), { queueForPosting: false });
    old.close();
    const failing = [
      ...MIGRATIONS,
      async (_database: Database, upgrade: Parameters<(typeof MIGRATIONS)[number]>[1]) => {
        await upgrade.objectStore('results').clear();
        throw new Error('broken migration');
      },
    ];
    await expect(opened({ migrations: failing })).rejects.toMatchObject({ code: 'failed' });
    expect(await resultStore(await opened()).all(SOURCE, VERSION)).toHaveLength(1);
  });

  it('leaves older code outside', async () => {
    (await opened({ migrations: second })).close();
    await expect(opened()).rejects.toMatchObject({ name: 'StoreError', code: 'outdated' });
  });

  it('does not wait for ever for a tab that does not let go', async () => {
    const stubborn = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error('not opened'));
    });
    await expect(opened({ migrations: second, blockedAfterMs: 50 })).rejects.toMatchObject({
      code: 'blocked',
    });
    stubborn.close();
  });
});
