import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { memoryStore } from '../../../src/prelabel/memoryStore.ts';
import type { ItemResult, ResultStore } from '../../../src/prelabel/types.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { resultStore } from '../../../src/store/results.ts';

const key = fc.constantFrom('a', 'b', 'c');
const version = fc.constantFrom('m-1', 'm-1', 'm-1', 'm-2');
const sources = ['one', 'two'];
// Mostly the same place, so that calls meet.
const source = fc.constantFrom('one', 'one', 'one', 'two');
const place = { source, version };

const put = fc.record({
  do: fc.constant('put' as const),
  ...place,
  key,
  done: fc.boolean(),
  queue: fc.boolean(),
  at: fc.nat(),
});
const step = fc.oneof(
  put,
  put,
  put,
  fc.record({ do: fc.constant('confirm' as const), ...place, keys: fc.array(key, { maxLength: 3 }) }),
  fc.record({ do: fc.constant('requeue' as const), ...place, keys: fc.array(key, { maxLength: 3 }) }),
  fc.record({ do: fc.constant('reject' as const), ...place, key }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function take(store: ResultStore, one: Step): Promise<void> {
  const { source: sourceId, version: modelVersion } = one;
  switch (one.do) {
    case 'put': {
      const result: ItemResult = {
        sourceId,
        key: one.key,
        name: one.key,
        taskId: null,
        modelVersion,
        state: one.done ? 'done' : 'failed',
        width: 1,
        height: 1,
        detections: [],
        timings: null,
        backend: null,
        error: one.done ? null : { code: 'c', message: 'm' },
        at: one.at,
      };
      await store.put(result, { queueForPosting: one.queue && one.done });
      break;
    }
    case 'confirm':
      await store.confirm(sourceId, modelVersion, one.keys);
      break;
    case 'requeue':
      await store.requeue(sourceId, modelVersion, one.keys);
      break;
    case 'reject':
      await store.reject(sourceId, modelVersion, one.key, { code: 'rejected', message: 'no' });
  }
}

async function contents(store: ResultStore): Promise<unknown> {
  const all = sources.flatMap((sourceId) =>
    ['m-1', 'm-2'].map((modelVersion) => ({ sourceId, modelVersion })),
  );
  return Promise.all(
    all.map(async ({ sourceId, modelVersion }) => ({
      all: await store.all(sourceId, modelVersion),
      // Its order may differ: IndexedDB keeps the order of first storing, memory that of queueing.
      outbox: (await store.outbox(sourceId, modelVersion, 10)).map((result) => result.key).sort(),
      few: (await store.outbox(sourceId, modelVersion, 2)).length,
      got: await store.get(sourceId, 'a', modelVersion),
    })),
  );
}

let databases = 0;

it('both stores hold the same after any sequence of calls', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const memory = memoryStore();
      const database = await openDatabase({ name: `stores-${(databases += 1)}` });
      const durable = resultStore(database);
      for (const one of steps) {
        await take(memory, one);
        await take(durable, one);
      }
      expect(await contents(durable)).toEqual(await contents(memory));
      database.close();
    }),
    { numRuns: 60 },
  );
}, 120_000);
