import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { WorkQueue } from '../../../src/relay/mlBackend/workQueue.ts';

/** Work that ends when it is told to, and remembers the order of beginning. */
function stage() {
  const begun: string[] = [];
  const ends = new Map<string, (value: string) => void>();
  const aborted: string[] = [];
  const work = (key: string) => (signal: AbortSignal) => {
    begun.push(key);
    signal.addEventListener('abort', () => aborted.push(key));
    return new Promise<string>((resolve) => ends.set(key, resolve));
  };
  const end = async (key: string) => {
    ends.get(key)?.(`${key} done`);
    await sleep(0);
  };
  return { begun, aborted, work, end };
}

it('does as many at once as there are places, in order', async () => {
  const { begun, work, end } = stage();
  const queue = new WorkQueue<string>(2);
  const wish = { urgency: 1 };
  const results = ['a', 'b', 'c'].map((key) => queue.want(key, wish, work(key)));
  expect(begun).toEqual(['a', 'b']);
  expect(queue.size).toBe(3);
  await end('b');
  expect(begun).toEqual(['a', 'b', 'c']);
  await end('a');
  await end('c');
  expect(await Promise.all(results)).toEqual(['a done', 'b done', 'c done']);
  expect(queue.size).toBe(0);
});

it('puts first what somebody waits for, also when it was wanted before', async () => {
  const { begun, work, end } = stage();
  const queue = new WorkQueue<string>(1);
  const batch = { urgency: 1 };
  for (const key of ['a', 'b', 'c', 'd']) void queue.want(key, batch, work(key));
  batch.urgency = 0;
  const person = { urgency: 2 };
  const opened = queue.want('d', person, work('d'));
  await end('a');
  await end('d');
  await end('b');
  expect(await opened).toBe('d done');
  expect(begun).toEqual(['a', 'd', 'b', 'c']);
});

it('gives up what nobody wants any more, and only that', async () => {
  const { begun, aborted, work, end } = stage();
  const queue = new WorkQueue<string>(1);
  const [gone, stays] = [{ urgency: 1 }, { urgency: 1 }];
  const first = queue.want('a', gone, work('a'));
  const second = queue.want('b', gone, work('b'));
  const shared = queue.want('c', gone, work('c'));
  void queue.want('c', stays, work('c'));
  queue.withdraw(gone, new Error('closed the page'));
  await expect(first).rejects.toThrow('closed the page');
  await expect(second).rejects.toThrow('closed the page');
  expect(aborted).toEqual(['a']);
  // Its place is free when it has really ended.
  expect(begun).toEqual(['a']);
  await end('a');
  expect(begun).toEqual(['a', 'c']);
  await end('c');
  expect(await shared).toBe('c done');
});

it('goes on after a failure, and tries the same key anew', async () => {
  const queue = new WorkQueue<string>(1);
  const wish = { urgency: 1 };
  await expect(queue.want('a', wish, () => Promise.reject(new Error('no image')))).rejects.toThrow(
    'no image',
  );
  expect(await queue.want('a', wish, () => Promise.resolve('now'))).toBe('now');
});

it('is as quick with many thousands as with few', async () => {
  const queue = new WorkQueue<number>(5);
  const wish = { urgency: 1 };
  const started = performance.now();
  const work = Array.from({ length: 30_000 }, (_, index) =>
    queue.want(`${index}`, wish, () => Promise.resolve(index)),
  );
  expect(await Promise.all(work)).toHaveLength(30_000);
  // Some 0.1 s; looking at each piece for each place took a minute.
  expect(performance.now() - started).toBeLessThan(5000);
});
