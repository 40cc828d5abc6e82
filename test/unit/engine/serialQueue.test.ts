import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SerialQueue } from '../../../src/engine/serialQueue.ts';

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

test('jobs run one at a time, in order, whatever fails or is aborted, and every caller hears of his own', async () => {
  const job = fc.record({ fails: fc.boolean(), turns: fc.nat(3), abortAfter: fc.option(fc.nat(8)) });
  await fc.assert(
    fc.asyncProperty(fc.array(job, { maxLength: 12 }), async (jobs) => {
      const queue = new SerialQueue();
      const started: number[] = [];
      let running = 0;
      let most = 0;
      const outcomes = jobs.map(({ fails, turns, abortAfter }, index) => {
        const abort = new AbortController();
        const result = queue.add(async () => {
          started.push(index);
          most = Math.max(most, ++running);
          for (let turn = 0; turn < turns; turn++) await Promise.resolve();
          running -= 1;
          if (fails) throw new Error(`job ${index}`);
          return index;
        }, abort.signal);
        if (abortAfter !== null) void pause(0).then(() => abort.abort(new Error(`abort ${index}`)));
        return result.then(
          (value) => `done ${value}`,
          (error: unknown) => (error as Error).message,
        );
      });
      const heard = await Promise.all(outcomes);
      await queue.idle();
      expect(most).toBeLessThanOrEqual(1);
      expect(started).toEqual([...started].sort((a, b) => a - b));
      expect(queue.size).toBe(0);
      for (const [index, { fails, abortAfter }] of jobs.entries()) {
        const own = fails ? `job ${index}` : `done ${index}`;
        expect(abortAfter === null ? [own] : [own, `abort ${index}`]).toContain(heard[index]);
      }
    }),
  );
});

test('an abort in mid-job rejects at once, and the next job still waits for the job to end', async () => {
  const queue = new SerialQueue();
  const abort = new AbortController();
  const log: string[] = [];
  let finish: () => void = () => undefined;
  const first = queue.add(
    () =>
      new Promise<void>((resolve) => {
        finish = () => {
          log.push('first ended');
          resolve();
        };
      }),
    abort.signal,
  );
  const second = queue.add(() => {
    log.push('second started');
    return Promise.resolve('second');
  });
  await pause(1);
  abort.abort(new Error('enough'));
  await expect(first).rejects.toThrow('enough');
  await pause(5);
  expect(log).toEqual([]);
  finish();
  await expect(second).resolves.toBe('second');
  expect(log).toEqual(['first ended', 'second started']);
});

test('an aborted job that waits is never started', async () => {
  const queue = new SerialQueue();
  const abort = new AbortController();
  let started = false;
  const before = queue.add(() => pause(5));
  const waiting = queue.add(() => Promise.resolve((started = true)), abort.signal);
  abort.abort(new Error('no longer wanted'));
  await expect(waiting).rejects.toThrow('no longer wanted');
  await before;
  await queue.idle();
  expect(started).toBe(false);
  await expect(queue.add(() => Promise.resolve(1), AbortSignal.abort(new Error('too late')))).rejects.toThrow(
    'too late',
  );
});
