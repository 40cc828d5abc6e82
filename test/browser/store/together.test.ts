import { deleteDB } from 'idb';
import { expect, it } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { resultStore } from '../../../src/store/results.ts';
import type { ItemResult } from '../../../src/store/types.ts';
import { resultOf, SOURCE, VERSION } from './rows.ts';

it('results that come together are stored in few transactions, in order, and a bad one fails alone', async () => {
  const name = `test-${crypto.randomUUID()}`;
  const database = await openDatabase({ name });
  let transactions = 0;
  const counted = new Proxy(database, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (key === 'transaction') transactions += 1;
      return (value as (...args: unknown[]) => unknown).bind(target);
    },
  });
  try {
    const store = resultStore(counted);
    const numbers = Array.from({ length: 100 }, (_, index) => index + 1);
    await Promise.all(numbers.map((task) => store.put(resultOf(task), { queueForPosting: true })));
    // The first alone, and 32 a transaction.
    expect(transactions).toBeLessThanOrEqual(6);
    const keys = numbers.map((task) => `task:${task}`);
    expect((await store.all(SOURCE, VERSION)).map(({ key }) => key)).toEqual(keys);
    expect((await store.outbox(SOURCE, VERSION, 200)).map(({ key }) => key)).toEqual(keys);

    const bad = { ...resultOf(202), extra: () => undefined } as unknown as ItemResult;
    const outcomes = await Promise.allSettled(
      [resultOf(201), bad, resultOf(203)].map((each) => store.put(each, { queueForPosting: false })),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await store.get(SOURCE, 'task:203', VERSION)).toEqual(resultOf(203));
  } finally {
    database.close();
    await deleteDB(name);
  }
});
