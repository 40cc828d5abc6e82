import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../src/engine/errors.ts';
import type { EngineErrorCode } from '../../../src/engine/errors.ts';
import type { Engine } from '../../../src/engine/types.ts';
import { memoryStore } from '../../../src/prelabel/memoryStore.ts';
import { startRun } from '../../../src/prelabel/run.ts';
import type { Run, RunOptions } from '../../../src/prelabel/run.ts';
import type { ItemResult, RunPhase, RunProgress, Source } from '../../../src/prelabel/types.ts';
import { turn } from './chance.ts';
import { keyOf, stage, until, VERSION } from './stage.ts';

async function run(options: RunOptions): Promise<RunProgress> {
  return startRun(options).finished;
}

function phasesOf(started: Run): RunPhase[] {
  const phases: RunPhase[] = [];
  started.subscribe(({ phase }) => {
    if (phases.at(-1) !== phase) phases.push(phase);
  });
  return phases;
}

describe('a run', () => {
  it('detects, stores, posts and finishes, and says so on the way', async () => {
    const parts = stage(5);
    const started = startRun(parts);
    expect(started.progress).toMatchObject({ phase: 'preparing', total: 0, posted: 0 });
    const phases = phasesOf(started);
    const stored: string[] = [];
    started.onResult(({ key }) => stored.push(key));
    const end = await started.finished;
    expect(end).toMatchObject({
      phase: 'done',
      total: 5,
      done: 5,
      failed: 0,
      skipped: 0,
      posted: 5,
      message: null,
    });
    expect(phases).toEqual(['running', 'posting', 'done']);
    expect(stored).toEqual([1, 2, 3, 4, 5].map(keyOf));
    expect([...parts.sink.held]).toEqual([1, 2, 3, 4, 5]);
    expect(parts.sink.finishes).toBe(1);
  });

  it('tells of a result, and counts it, only when the store has it', async () => {
    const parts = stage(4);
    const inside = memoryStore();
    let putting = false;
    const store = {
      ...inside,
      async put(result: ItemResult, options: { readonly queueForPosting: boolean }) {
        putting = true;
        await turn();
        await inside.put(result, options);
        putting = false;
      },
    };
    const started = startRun({ ...parts, store });
    let tooEarly = 0;
    let lastCounted = 0;
    started.onResult(() => (tooEarly += putting ? 1 : 0));
    started.subscribe(({ done }) => {
      if (putting && done > lastCounted) tooEarly += 1;
      lastCounted = done;
    });
    expect((await started.finished).done).toBe(4);
    expect(tooEarly).toBe(0);
  });

  it('without a sink only stores', async () => {
    const parts = { ...stage(2), sink: undefined };
    expect(await run(parts)).toMatchObject({ phase: 'done', done: 2, posted: null, rejected: null });
    expect(await parts.store.outbox(parts.source.id, VERSION, 10)).toEqual([]);
  });

  it('loads two images ahead of the one under inference, and no more', async () => {
    const parts = stage(10);
    let most = 0;
    const engine = {
      info: parts.engine.info,
      dispose: () => parts.engine.dispose(),
      async detect(image: Blob) {
        for (let turns = 0; turns < 5; turns += 1) await turn();
        most = Math.max(most, parts.source.loads.length - parts.engine.seen.length);
        return parts.engine.detect(image);
      },
    };
    await run({ ...parts, engine });
    expect(most).toBe(3);
  });

  it('reports the rate of the last ten seconds and the time left', async () => {
    const parts = { ...stage(40), sink: undefined };
    const started = startRun(parts);
    const rates: (readonly [number, number | null, number | null])[] = [];
    started.subscribe(({ done, rate, secondsLeft }) => rates.push([done, rate, secondsLeft]));
    await started.finished;
    expect(rates.find(([done]) => done === 1)?.[1]).toBeNull();
    const [, rate, left] = rates.find(([done]) => done === 36) ?? [];
    // The stage's engine takes half a second for an image.
    expect(rate).toBeCloseTo(2, 9);
    expect(left).toBeCloseTo(2, 9);
  });
});

describe('what failed', () => {
  const withFailures = (parts: ReturnType<typeof stage>, failing: readonly number[]): RunOptions => ({
    ...parts,
    engine: {
      info: parts.engine.info,
      dispose: () => parts.engine.dispose(),
      async detect(image: Blob) {
        const name = await image.text();
        if (failing.some((task) => keyOf(task) === name)) throw new EngineError('image-truncated');
        return parts.engine.detect(image);
      },
    },
  });

  it('is stored with its reason, is not posted, and does not stop the run', async () => {
    const parts = stage(3);
    expect(await run(withFailures(parts, [2]))).toMatchObject({
      phase: 'done',
      done: 2,
      failed: 1,
      posted: 2,
    });
    const stored = await parts.store.get(parts.source.id, keyOf(2), VERSION);
    expect(stored).toMatchObject({ state: 'failed', error: { code: 'image-truncated' } });
    expect(stored?.error?.message).toMatch(/damaged.*Upload it again/u);
    expect([...parts.sink.held]).toEqual([1, 3]);
  });

  it('stays failed at the next run, and is done again when that is asked for', async () => {
    const parts = stage(3);
    await run(withFailures(parts, [2]));
    expect(await run(parts)).toMatchObject({ done: 0, failed: 1, skipped: 2 });
    expect(await run({ ...parts, retryFailed: true })).toMatchObject({
      done: 1,
      failed: 0,
      skipped: 2,
      posted: 3,
    });
    expect([...parts.sink.held].sort()).toEqual([1, 2, 3]);
  });

  it('ends the run when no image can succeed any more', async () => {
    const parts = stage(30);
    const failing = (code: EngineErrorCode): Engine => ({
      info: parts.engine.info,
      dispose: () => Promise.resolve(),
      detect: () => Promise.reject(new EngineError(code)),
    });
    const gone = await run({ ...parts, engine: failing('disposed') });
    expect(gone).toMatchObject({ phase: 'failed', failed: 0 });
    expect(gone.message).toMatch(/Load the model again/u);
    const ill = await run({ ...parts, engine: failing('device-lost') });
    expect(ill).toMatchObject({ phase: 'failed', failed: 10 });
  });
});

describe('starting again', () => {
  it('skips what is stored, and offers it to the sink, which may have lost it', async () => {
    const parts = stage(4);
    await run(parts);
    parts.sink.held.delete(3);
    const again = await run(parts);
    expect(again).toMatchObject({ phase: 'done', done: 0, skipped: 4, posted: 4 });
    expect(parts.engine.seen).toHaveLength(4);
    expect([...parts.sink.held].sort()).toEqual([1, 2, 3, 4]);
  });

  it('posts what an earlier run without a sink has stored', async () => {
    const { sink, ...parts } = stage(3);
    await run(parts);
    expect(await run({ ...parts, sink })).toMatchObject({ skipped: 3, posted: 3 });
    expect(sink.held.size).toBe(3);
  });

  it('goes on after a cancel in the middle, with nothing inferred twice', async () => {
    const parts = stage(6);
    const first = startRun(parts);
    await until(() => first.progress.done === 2);
    first.cancel();
    expect((await first.finished).phase).toBe('cancelled');
    const stored = (await parts.store.all(parts.source.id, VERSION)).length;
    expect(stored).toBe(first.progress.done);
    expect(await run(parts)).toMatchObject({ phase: 'done', skipped: stored, done: 6 - stored, posted: 6 });
    expect(new Set(parts.engine.seen).size).toBe(6);
  });

  it('does everything anew for another model version', async () => {
    const parts = stage(2);
    await run(parts);
    expect(await run({ ...parts, modelVersion: 'm-87654321' })).toMatchObject({ done: 2, skipped: 0 });
  });
});

describe('pause and cancel', () => {
  it('finishes the image at hand, starts nothing while paused, and goes on', async () => {
    const parts = stage(6);
    const started = startRun(parts);
    await until(() => started.progress.done === 1);
    started.pause();
    expect(started.progress.phase).toBe('paused');
    for (let turns = 0; turns < 50; turns += 1) await turn();
    const { done } = started.progress;
    const posts = parts.sink.posts.length;
    expect(done).toBeLessThanOrEqual(2);
    expect(started.progress).toMatchObject({ phase: 'paused', rate: null, secondsLeft: null });
    for (let turns = 0; turns < 50; turns += 1) await turn();
    expect([started.progress.done, parts.sink.posts.length]).toEqual([done, posts]);
    started.resume();
    expect(await started.finished).toMatchObject({ phase: 'done', done: 6, posted: 6 });
  });

  it('cancels at once, even with bytes that never come, and while paused', async () => {
    const parts = stage(1);
    const stuck: Source = {
      id: 'stuck',
      title: 'Stuck',
      count: () => Promise.resolve(1),
      async *items() {
        yield await Promise.resolve({
          key: 'k',
          name: 'k',
          taskId: 1,
          load: () => new Promise<Blob>(() => undefined),
        });
      },
    };
    const started = startRun({ ...parts, source: stuck });
    await until(() => started.progress.phase === 'running');
    started.pause();
    started.cancel();
    expect(await started.finished).toMatchObject({ phase: 'cancelled', done: 0, failed: 0 });
    started.pause();
    started.resume();
    expect(started.progress.phase).toBe('cancelled');
  });
});
