/**
 * Every schema that was ever released, as it was: made here by hand and not by today's code, with rows in it, then
 * opened by today's code. A new version adds an entry to `earlier`; an entry is never changed.
 */
import { deleteDB } from 'idb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MIGRATIONS, openDatabase } from '../../../src/store/database.ts';
import { folderHandles } from '../../../src/store/folders.ts';
import { offlineTasks } from '../../../src/store/offlineTasks.ts';
import { resultStore } from '../../../src/store/results.ts';
import { runRecords } from '../../../src/store/runs.ts';
import { resultOf, SOURCE, VERSION } from './rows.ts';

let name = '';
beforeEach(() => (name = `test-${crypto.randomUUID()}`));
afterEach(() => deleteDB(name));

function version1(database: IDBDatabase): void {
  const results = database.createObjectStore('results', { keyPath: 'seq', autoIncrement: true });
  results.createIndex('by-item', ['sourceId', 'modelVersion', 'key'], { unique: true });
  results.createIndex('by-run', ['sourceId', 'modelVersion']);
  const outbox = database.createObjectStore('outbox', { keyPath: 'seq' });
  outbox.createIndex('by-run', ['sourceId', 'modelVersion']);
  database.createObjectStore('runs', { keyPath: ['sourceId', 'modelVersion'] });
  for (const store of ['settings', 'secrets', 'models']) database.createObjectStore(store);
}

const earlier: readonly ((database: IDBDatabase) => void)[] = [version1];

const run = {
  sourceId: SOURCE,
  modelVersion: VERSION,
  title: 'Birds',
  startedAt: 1,
  updatedAt: 2,
  state: 'running',
} as const;

/** A database of an earlier version with two results, one of them waiting to be posted, a run and a setting. */
function make(version: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version);
    request.onerror = () => reject(request.error ?? new Error('not opened'));
    request.onupgradeneeded = () => {
      for (const build of earlier.slice(0, version)) build(request.result);
    };
    request.onsuccess = () => {
      const database = request.result;
      const writing = database.transaction(['results', 'outbox', 'runs', 'settings'], 'readwrite');
      writing.objectStore('results').add(resultOf(1));
      writing.objectStore('results').add(resultOf(2));
      writing.objectStore('outbox').add({ seq: 2, sourceId: SOURCE, modelVersion: VERSION });
      writing.objectStore('runs').add(run);
      writing.objectStore('settings').add(0.7, 'threshold');
      writing.oncomplete = () => {
        database.close();
        resolve();
      };
      writing.onerror = () => reject(writing.error ?? new Error('not written'));
    };
  });
}

describe('a database of an earlier version', () => {
  it('is there for every version before the present one', () => {
    expect(earlier).toHaveLength(MIGRATIONS.length - 1);
  });

  it.each(earlier.map((_, index) => index + 1))(
    'version %i is brought up to date and keeps its rows',
    async (version) => {
      await make(version);
      const database = await openDatabase({ name });
      expect(database.version).toBe(MIGRATIONS.length);
      const store = resultStore(database);
      expect((await store.all(SOURCE, VERSION)).map(({ key }) => key)).toEqual(['task:1', 'task:2']);
      expect((await store.outbox(SOURCE, VERSION, 9)).map(({ key }) => key)).toEqual(['task:2']);
      expect(await runRecords(database).list()).toEqual([run]);
      expect(await database.get('settings', 'threshold')).toBe(0.7);
      // What is new works on it.
      await store.put(resultOf(3), { queueForPosting: true });
      expect(await offlineTasks(database).projects()).toEqual([]);
      expect(await folderHandles(database).last()).toBeNull();
      database.close();
    },
  );

  it('ends up with the very schema that a new one has', async () => {
    await make(1);
    const shape = async (of: string): Promise<unknown> => {
      const database = await openDatabase({ name: of });
      const stores = [...database.objectStoreNames].map((each) => {
        const store = database.transaction(each).store;
        const indexes = [...store.indexNames].map((index) => [index, store.index(index).keyPath]);
        return [each, store.keyPath, store.autoIncrement, indexes];
      });
      database.close();
      return stores;
    };
    const fresh = `test-${crypto.randomUUID()}`;
    expect(await shape(name)).toEqual(await shape(fresh));
    await deleteDB(fresh);
  });
});
