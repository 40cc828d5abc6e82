import { expect, test } from 'vitest';
import { FairQueue, QueueFullError } from '../../../src/relay/engine/fairQueue.ts';

const none = new AbortController().signal;

/** Work that ends when it is told to. */
function work(queue: FairQueue) {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const add = (page: string, name: string, signal = none) =>
    queue.add(page, signal, () => {
      begun.push(name);
      return new Promise<string>((resolve) => ends.push(() => resolve(name)));
    });
  /** Ends what has run longest. */
  const end = async () => {
    ends.shift()?.();
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { begun, add, end };
}

test('pages take turns, whoever handed in more', async () => {
  const { begun, add, end } = work(new FairQueue(1, 100));
  const all = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'].map((name) => add(name.charAt(0), name));
  for (let i = 0; i < 7; i += 1) await end();
  expect(begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
  expect(await Promise.all(all)).toHaveLength(7);
});

test('no more run at once than there are places, and a failure gives its place back', async () => {
  const queue = new FairQueue(2, 100);
  const failing = () => queue.add('a', none, () => Promise.reject(new Error('no')));
  await Promise.all([1, 2, 3, 4].map(() => expect(failing()).rejects.toThrow('no')));
  const { begun, add, end } = work(queue);
  const all = [add('a', '1'), add('a', '2'), add('a', '3')];
  expect(begun).toEqual(['1', '2']);
  for (let i = 0; i < 3; i += 1) await end();
  expect(await Promise.all(all)).toEqual(['1', '2', '3']);
});

test('who goes away while waiting is told at once, and is never begun', async () => {
  const { begun, add, end } = work(new FairQueue(1, 100));
  const first = add('a', '1');
  const abort = new AbortController();
  const gone = add('b', 'gone', abort.signal);
  const last = add('b', '2');
  const reason = new Error('closed');
  abort.abort(reason);
  await expect(gone).rejects.toBe(reason);
  await end();
  await end();
  expect([await first, await last, begun]).toEqual(['1', '2', ['1', '2']]);
});

test('a page that hands in more than anybody needs is refused, and no other', async () => {
  const { add, end } = work(new FairQueue(1, 2));
  const all = [add('a', '1'), add('a', '2'), add('a', '3')];
  await expect(add('a', '4')).rejects.toBeInstanceOf(QueueFullError);
  all.push(add('b', '5'));
  for (let i = 0; i < 4; i += 1) await end();
  expect(await Promise.all(all)).toEqual(['1', '2', '3', '5']);
});
