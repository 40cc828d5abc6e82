import { describe, expect, it } from 'vitest';
import { passingStore } from '../../../src/cli/passingStore.ts';
import { describe as describeProgress, ProgressLine } from '../../../src/cli/progressLine.ts';
import { stoppable } from '../../../src/cli/stoppable.ts';
import { startRun } from '../../../src/prelabel/run.ts';
import type { ItemResult, RunProgress, Source } from '../../../src/prelabel/types.ts';
import { pipelineEngine, textSource } from '../../support/pipelineEngine.ts';

describe('stoppable', () => {
  it('ends the source: what is in hand is finished, nothing more is begun', async () => {
    const stop = new AbortController();
    const log: string[] = [];
    const texts = Array.from({ length: 50 }, (_, index) => String(index));
    const started = startRun({
      source: stoppable(textSource(texts), stop.signal),
      engine: pipelineEngine(log),
      store: passingStore(),
    });
    started.onResult(() => stop.abort());
    const progress = await started.finished;
    expect(progress.phase).toBe('done');
    expect(progress.done).toBeGreaterThanOrEqual(1);
    expect(progress.done).toBeLessThanOrEqual(5);
  });

  it('does not wait for a listing that hangs', async () => {
    const stop = new AbortController();
    const hanging: Source = {
      ...textSource([]),
      count: () => Promise.resolve(1),

      async *items() {
        await new Promise(() => undefined);
      },
    };
    const { finished } = startRun({
      source: stoppable(hanging, stop.signal),
      engine: pipelineEngine([]),
      store: passingStore(),
    });
    setTimeout(() => stop.abort(), 10);
    expect((await finished).phase).toBe('done');
  });
});

describe('passingStore', () => {
  it('keeps what waits for posting, oldest first, and nothing else', async () => {
    const store = passingStore();
    const result = (key: string, state: 'done' | 'failed' = 'done') => ({ key, state }) as ItemResult;
    await store.put(result('a'), { queueForPosting: true });
    await store.put(result('b'), { queueForPosting: false });
    await store.put(result('c'), { queueForPosting: true });
    await store.put(result('d', 'failed'), { queueForPosting: true });
    expect((await store.outbox('s', 'm', 10)).map(({ key }) => key)).toEqual(['a', 'c']);
    expect(await store.outbox('s', 'm', 1)).toHaveLength(1);
    await store.confirm('s', 'm', ['a']);
    await store.reject('s', 'm', 'c', { code: 'x', message: 'x' });
    expect(await store.outbox('s', 'm', 10)).toEqual([]);
    expect(await store.get('s', 'b', 'm')).toBeUndefined();
  });
});

describe('the progress line', () => {
  const progress = (change: Partial<RunProgress>): RunProgress => ({
    phase: 'running',
    total: 500,
    done: 0,
    failed: 0,
    skipped: 0,
    posted: null,
    rejected: null,
    needsToken: false,
    rate: null,
    secondsLeft: null,
    message: null,
    ...change,
  });

  it('says how many, how fast and how long', () => {
    const text = describeProgress(progress({ done: 118, failed: 2, rate: 31.24, secondsLeft: 72.2 }));
    expect(text).toBe('120 of 500 images, 2 failed, 31/s, 1 min 13 s left');
  });

  it('is one line on a terminal, rewritten and no wider than it', () => {
    let time = 0;
    const written: string[] = [];
    const terminal = { isTTY: true, columns: 20, write: (text: string) => written.push(text) };
    const line = new ProgressLine(terminal, () => time);
    for (let done = 0; done < 50; done += 1) {
      time += 10;
      line.show(progress({ done }));
    }
    line.clear();
    expect(written.length).toBeLessThan(8);
    expect(written.every((text) => text.startsWith('\r\u001B[K') && !text.includes('\n'))).toBe(true);
    expect(written.every((text) => text.length <= 19 + 4)).toBe(true);
  });

  it('is a line every few seconds where there is no terminal, and at once when something is wrong', () => {
    let time = 60_000;
    const written: string[] = [];
    const line = new ProgressLine({ write: (text: string) => written.push(text) }, () => time);
    line.show(progress({ done: 1 }));
    time += 4000;
    line.show(progress({ done: 2 }));
    expect(written).toEqual([]);
    line.show(progress({ done: 2, message: 'Label Studio does not answer.' }));
    line.show(progress({ done: 2, message: 'Label Studio does not answer.' }));
    expect(written).toEqual(['Label Studio does not answer.\n']);
    time += 2000;
    line.show(progress({ done: 3 }));
    expect(written.at(-1)).toBe('3 of 500 images\n');
  });
});
