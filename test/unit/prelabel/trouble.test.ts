import { describe, expect, it } from 'vitest';
import { ConnectionError } from '../../../src/prelabel/connectionError.ts';
import { memoryStore } from '../../../src/prelabel/memoryStore.ts';
import { startRun } from '../../../src/prelabel/run.ts';
import type { RunOptions } from '../../../src/prelabel/run.ts';
import type { ItemResult, RunProgress, Source } from '../../../src/prelabel/types.ts';
import { StoreError } from '../../../src/store/storeError.ts';
import { JumpingClock } from './chance.ts';
import { Receiver } from './receiver.ts';
import { keyOf, stage, until, VERSION } from './stage.ts';

async function run(options: RunOptions): Promise<RunProgress> {
  return startRun(options).finished;
}

describe('trouble', () => {
  it('with the source is waited out, and blames no item', async () => {
    const parts = stage(4);
    let trouble = 3;
    const source: Source = {
      ...parts.source,
      async *items(signal) {
        for await (const item of parts.source.items(signal)) {
          if (item.taskId === 3 && trouble > 0) {
            trouble -= 1;
            throw new ConnectionError('unreachable', 'Label Studio does not answer. Is it running?');
          }
          yield item;
        }
      },
    };
    const started = startRun({ ...parts, source });
    const messages: string[] = [];
    started.subscribe(({ phase, message }) => {
      if (phase === 'waiting' && message !== null) messages.push(message);
    });
    expect(await started.finished).toMatchObject({ phase: 'done', done: 4, failed: 0, message: null });
    expect(messages.length).toBeGreaterThanOrEqual(3);
    expect(messages[0]).toMatch(/^Label Studio does not answer\. Is it running\? Trying again in 1 s\.$/u);
    // Each of the items was inferred once, although the listing started anew.
    expect(parts.engine.seen).toHaveLength(4);
  });

  it('that needs a person ends the run as failed, with the results kept and posted', async () => {
    const parts = stage(4);
    const source: Source = {
      ...parts.source,
      async *items(signal) {
        for await (const item of parts.source.items(signal)) {
          if (item.taskId === 3) {
            const load = () =>
              Promise.reject(new ConnectionError('refused', 'The token is refused. Type it again.'));
            yield { ...item, load };
          } else {
            yield item;
          }
        }
      },
    };
    const end = await run({ ...parts, source });
    expect(end).toMatchObject({ phase: 'failed', done: 2, failed: 0, posted: 2 });
    expect(end.message).toBe('The token is refused. Type it again.');
    expect(await run(parts)).toMatchObject({ phase: 'done', done: 2, skipped: 2, posted: 4 });
  });

  it('with the sink does not hold up the detector, and nothing is lost', async () => {
    const parts = stage(4);
    let away = true;
    const sink = {
      post: (results: readonly ItemResult[], signal: AbortSignal) =>
        away ? Promise.reject(new TypeError('Failed to fetch')) : parts.sink.post(results, signal),
      finish: () => parts.sink.finish(),
    };
    const started = startRun({ ...parts, sink });
    await until(() => started.progress.phase === 'waiting');
    expect(started.progress).toMatchObject({ done: 4, posted: 0 });
    expect(started.progress.message).toMatch(/Failed to fetch Trying again in \d+ s\./u);
    away = false;
    expect(await started.finished).toMatchObject({ phase: 'done', posted: 4, message: null });
  });

  it('with a sink that refuses ends as failed once all is detected, and the outbox stays', async () => {
    const parts = stage(3);
    const sink = {
      post: () => Promise.reject(new ConnectionError('refused', 'No right to post. Ask the owner.')),
      finish: () => Promise.resolve(),
    };
    const end = await run({ ...parts, sink });
    expect(end).toMatchObject({
      phase: 'failed',
      done: 3,
      posted: 0,
      message: 'No right to post. Ask the owner.',
    });
    expect(await parts.store.outbox(parts.source.id, VERSION, 10)).toHaveLength(3);
  });

  it('is waited for ever longer, and given up where the caller says so', async () => {
    const parts = stage(1);
    const source: Source = {
      ...parts.source,
      count: () => Promise.reject(new ConnectionError('unreachable', 'No answer. Wait.')),
    };
    expect(await run({ ...parts, sink: undefined, source, giveUpAfterMs: 200_000 })).toMatchObject({
      phase: 'failed',
      message: 'No answer. Wait.',
    });
    const { sleeps } = parts.clock;
    expect(sleeps.length).toBeGreaterThan(6);
    sleeps.forEach((ms, attempt) => {
      const full = Math.min(60_000, 1000 * 2 ** attempt);
      expect(ms).toBeGreaterThanOrEqual(full / 2);
      expect(ms).toBeLessThanOrEqual(full);
    });
  });

  it('with a full disk pauses with what to do, and stores the result at hand on resuming', async () => {
    const parts = stage(3);
    const inside = memoryStore();
    let full = true;
    const store = {
      ...inside,
      put: (result: ItemResult, options: { readonly queueForPosting: boolean }) =>
        full && result.taskId === 2 ? Promise.reject(new StoreError('quota')) : inside.put(result, options),
    };
    const started = startRun({ ...parts, store });
    await until(() => started.progress.phase === 'paused');
    expect(started.progress).toMatchObject({
      done: 1,
      message: expect.stringMatching(/no room.*Free some/u) as unknown,
    });
    full = false;
    started.resume();
    expect(await started.finished).toMatchObject({ phase: 'done', done: 3, posted: 3 });
    expect(parts.engine.seen).toHaveLength(3);
  });
});

describe('the outbox', () => {
  it('posts in chunks of at most 5,000, while images are still detected', async () => {
    const parts = stage(5100);
    const started = startRun(parts);
    await until(() => parts.sink.posts.length > 0);
    expect(started.progress.done).toBeLessThan(5100);
    await started.finished;
    expect(Math.max(...parts.sink.posts.map((post) => post.length))).toBeLessThanOrEqual(5000);
    expect(parts.sink.posts.flat()).toHaveLength(5100);
  });

  it('rests after each post, four times as long as it took: Label Studio has time for the rest', async () => {
    const clock = new JumpingClock();
    const parts = { ...stage(60), clock };
    const sink = new Receiver();
    const rested: number[] = [];
    const slow = {
      post: async (...args: Parameters<Receiver['post']>) => {
        rested.push(clock.sleeps.length);
        clock.time += 3000;
        // Results that come while a post is under way are not the next post at once.
        const seen = parts.engine.seen.length;
        await until(() => parts.engine.seen.length >= Math.min(60, seen + 8));
        return sink.post(...args);
      },
      finish: () => sink.finish(),
    };
    expect(await run({ ...parts, sink: slow })).toMatchObject({ posted: 60 });
    expect(clock.sleeps).toContain(4 * 3000);
    const whileImagesCame = rested.slice(0, -1);
    expect(whileImagesCame.length).toBeGreaterThan(1);
    expect(new Set(whileImagesCame).size).toBe(whileImagesCame.length);
  });

  it('records what the receiver refuses, says so, and offers it again at the next run', async () => {
    const parts = stage(3);
    const end = await run({ ...parts, sink: new Receiver(undefined, [2]) });
    expect(end).toMatchObject({ phase: 'done', done: 3, posted: 2, rejected: 1 });
    expect(end.message).toBe('1 result was not accepted: The task is gone.');
    expect(await parts.store.get(parts.source.id, keyOf(2), VERSION)).toMatchObject({
      state: 'done',
      error: { code: 'rejected', message: 'The task is gone.' },
    });
    expect(await run(parts)).toMatchObject({ posted: 3, rejected: 0, message: null });
    expect(await parts.store.get(parts.source.id, keyOf(2), VERSION)).toMatchObject({ error: null });
  });

  it('does not ask to show a version of which the receiver holds nothing', async () => {
    const parts = stage(2);
    const sink = new Receiver(undefined, [1, 2]);
    expect(await run({ ...parts, sink })).toMatchObject({ posted: 0, rejected: 2 });
    expect(sink.finishes).toBe(0);
  });
});
