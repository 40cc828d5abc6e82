import { describe, expect, it } from 'vitest';
import { ConnectionError } from '../../../src/prelabel/connectionError.ts';
import { startRun } from '../../../src/prelabel/run.ts';
import type { ItemResult, Source } from '../../../src/prelabel/types.ts';
import { keyOf, stage, until } from './stage.ts';

const signedOut = () => new ConnectionError('signed-out', 'The token is not accepted. Copy it again.');

describe('a token that is not accepted any more', () => {
  /** Refused from the third image on, until `accepted` is set. */
  const parts = (count: number) => {
    const made = stage(count);
    const door = { accepted: false };
    const source: Source = {
      ...made.source,
      async *items(signal, after) {
        for await (const item of made.source.items(signal, after)) {
          yield {
            ...item,
            load: (loadSignal) =>
              !door.accepted && (item.taskId ?? 0) >= 3 ? Promise.reject(signedOut()) : item.load(loadSignal),
          };
        }
      },
    };
    return { ...made, source, door };
  };

  it('pauses the run with what to do, and the run goes on with another one', async () => {
    const { door, ...made } = parts(5);
    const started = startRun({ ...made, waitForToken: true });
    await until(() => started.progress.phase === 'paused');
    expect(started.progress).toMatchObject({
      done: 2,
      failed: 0,
      needsToken: true,
      message: 'The token is not accepted. Copy it again.',
    });
    // Resumed with the same token it asks again.
    started.resume();
    await until(() => started.progress.phase === 'running');
    await until(() => started.progress.needsToken);
    door.accepted = true;
    started.resume();
    expect(await started.finished).toMatchObject({ phase: 'done', done: 5, posted: 5, needsToken: false });
    expect(made.engine.seen).toHaveLength(5);
  });

  it('pauses posting too', async () => {
    const made = stage(3);
    let accepted = false;
    const sink = {
      post: (results: readonly ItemResult[], signal: AbortSignal) =>
        accepted ? made.sink.post(results, signal) : Promise.reject(signedOut()),
      finish: () => made.sink.finish(),
    };
    const started = startRun({ ...made, sink, waitForToken: true });
    await until(() => started.progress.needsToken);
    accepted = true;
    started.resume();
    expect(await started.finished).toMatchObject({ phase: 'done', posted: 3 });
  });

  it('ends the run where nobody is there to give another one', async () => {
    const { door, ...made } = parts(5);
    expect(door.accepted).toBe(false);
    expect(await startRun(made).finished).toMatchObject({
      phase: 'failed',
      message: 'The token is not accepted. Copy it again.',
    });
  });
});

describe('a preview', () => {
  it('pauses after so many images, and nothing is posted before it is resumed', async () => {
    const parts = stage(10);
    const started = startRun({ ...parts, previewFirst: 6 });
    await until(() => started.progress.phase === 'paused');
    expect(started.progress).toMatchObject({ done: 6, posted: 0 });
    expect(started.progress.message).toMatch(/^6 images are done and nothing is posted yet\. .* resume\.$/u);
    for (let turns = 0; turns < 200; turns += 1) await Promise.resolve();
    expect(parts.sink.posts).toEqual([]);
    started.resume();
    expect(await started.finished).toMatchObject({ phase: 'done', done: 10, posted: 10 });
  });

  it('of more images than there are pauses at the end', async () => {
    const parts = stage(3);
    const started = startRun({ ...parts, previewFirst: 6 });
    await until(() => started.progress.phase === 'paused');
    expect(started.progress).toMatchObject({ done: 3, posted: 0 });
    started.resume();
    expect(await started.finished).toMatchObject({ phase: 'done', posted: 3 });
  });

  it('of images that were all done before does not stand in the way', async () => {
    const { sink, ...parts } = stage(3);
    await startRun(parts).finished;
    expect(await startRun({ ...parts, sink, previewFirst: 6 }).finished).toMatchObject({
      phase: 'done',
      skipped: 3,
      posted: 3,
    });
  });
});

describe('waiting', () => {
  it('lasts at least as long as the other side asked for', async () => {
    const parts = stage(1);
    let asked = 0;
    const source: Source = {
      ...parts.source,
      async *items(signal, after) {
        if ((asked += 1) < 3)
          throw new ConnectionError('unreachable', 'Too many requests. Wait.', { retryAfter: 90_000 });
        yield* parts.source.items(signal, after);
      },
    };
    expect(await startRun({ ...parts, source }).finished).toMatchObject({ phase: 'done', done: 1 });
    expect(parts.clock.sleeps.filter((ms) => ms >= 90_000)).toHaveLength(2);
  });

  it('for an image does not list the source again, and a listing that broke off goes on behind its last item', async () => {
    const parts = stage(6);
    const listings: (string | undefined)[] = [];
    let broken = 2;
    let away = 3;
    const source: Source = {
      ...parts.source,
      async *items(signal, after) {
        listings.push(after);
        const from = Number(after?.split(':')[1] ?? 0);
        for await (const item of parts.source.items(signal)) {
          if ((item.taskId ?? 0) <= from) continue;
          if (item.taskId === 5 && broken > 0) {
            broken -= 1;
            throw new ConnectionError('unreachable', 'No answer. Wait.');
          }
          yield {
            ...item,
            load: (loadSignal) =>
              item.taskId === 2 && (away -= 1) >= 0
                ? Promise.reject(new ConnectionError('unreachable', 'No answer. Wait.'))
                : item.load(loadSignal),
          };
        }
      },
    };
    expect(await startRun({ ...parts, source }).finished).toMatchObject({
      phase: 'done',
      done: 6,
      failed: 0,
    });
    expect(listings).toEqual([undefined, keyOf(4), keyOf(4)]);
  });
});

describe('the end', () => {
  const finishes = async (change: (parts: ReturnType<typeof stage>) => Partial<ReturnType<typeof stage>>) => {
    const parts = stage(4);
    const complete: boolean[] = [];
    const sink = {
      post: (results: readonly ItemResult[], signal: AbortSignal) => parts.sink.post(results, signal),
      finish: (all: boolean) => Promise.resolve(void complete.push(all)),
    };
    await startRun({ ...parts, ...change(parts), sink }).finished;
    return complete;
  };

  it('is complete when every announced item is confirmed', async () => {
    expect(await finishes(() => ({}))).toEqual([true]);
  });

  it('is not when the source was stopped before, or an image failed', async () => {
    const stopped = (parts: ReturnType<typeof stage>) => ({
      source: {
        ...parts.source,
        async *items(signal: AbortSignal) {
          for await (const item of parts.source.items(signal)) {
            if (item.taskId === 3) return;
            yield item;
          }
        },
      },
    });
    expect(await finishes(stopped)).toEqual([false]);
    const failing = (parts: ReturnType<typeof stage>) => ({
      source: {
        ...parts.source,
        async *items(signal: AbortSignal) {
          for await (const item of parts.source.items(signal))
            yield item.taskId === 2
              ? { ...item, load: () => Promise.reject(new Error('It is gone.')) }
              : item;
        },
      },
    });
    expect(await finishes(failing)).toEqual([false]);
  });
});
