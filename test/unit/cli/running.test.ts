import { describe, expect, it } from 'vitest';
import { detectAhead } from '../../../src/cli/detectAhead.ts';
import { passingStore } from '../../../src/cli/passingStore.ts';
import { describe as describeProgress, ProgressLine } from '../../../src/cli/progressLine.ts';
import { stoppable } from '../../../src/cli/stoppable.ts';
import { EngineError } from '../../../src/engine/errors.ts';
import { Pipeline } from '../../../src/engine/pipeline.ts';
import type { DetectResult, Engine } from '../../../src/engine/types.ts';
import { fileSource } from '../../../src/prelabel/fileSource.ts';
import { startRun } from '../../../src/prelabel/run.ts';
import type { ItemResult, RunProgress, Source } from '../../../src/prelabel/types.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const source = (texts: readonly string[]): Source =>
  fileSource(
    'folder:t',
    't',
    texts.map((text, index) => ({ path: `${index}`, blob: () => Promise.resolve(new Blob([text])) })),
  );

/** An engine of the real pipeline; decoding takes 2 ms and fails for 'broken', inference takes 20 ms. */
function engine(log: string[]): Engine {
  let inferring = 0;
  const pipeline = new Pipeline<string, DetectResult>({
    async prepare(image) {
      const text = await image.text();
      if (inferring > 0) log.push('decoded during inference');
      await pause(2);
      if (text === 'broken') throw new EngineError('image-truncated');
      return text;
    },
    async infer(text) {
      expect(inferring).toBe(0);
      inferring += 1;
      await pause(20);
      inferring -= 1;
      log.push(text);
      const timings = { decode: 2, preprocess: 0, infer: 20, postprocess: 0, total: 22 };
      return { width: 1, height: 1, detections: [], timings };
    },
    discard: () => undefined,
  });
  return {
    info: { backend: 'native', device: 'test', why: 'test', warmUpMs: 0, modelVersion: 'm-00000000' },
    detect: (image, { signal } = {}) => pipeline.run(image, signal),
    dispose: () => pipeline.idle(),
  };
}

async function run(texts: readonly string[], log: string[]): Promise<RunProgress> {
  return startRun({ ...detectAhead(source(texts), engine(log)), store: passingStore() }).finished;
}

describe('detectAhead', () => {
  it('decodes the next images while one is inferred, and keeps the order', async () => {
    const log: string[] = [];
    const progress = await run(['a', 'b', 'c', 'd', 'e'], log);
    expect(progress).toMatchObject({ phase: 'done', done: 5 });
    expect(log.filter((entry) => entry.length === 1)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(log.filter((entry) => entry === 'decoded during inference').length).toBeGreaterThanOrEqual(2);
  });

  it('fails an image that is broken, and only that one, though it fails before its turn', async () => {
    // An unhandled rejection would fail the whole suite.
    const log: string[] = [];
    const progress = await run(['a', 'broken', 'broken', 'd'], log);
    expect(progress).toMatchObject({ phase: 'done', done: 2, failed: 2 });
  });
});

describe('stoppable', () => {
  it('ends the source: what is in hand is finished, nothing more is begun', async () => {
    const stop = new AbortController();
    const log: string[] = [];
    const texts = Array.from({ length: 50 }, (_, index) => String(index));
    const handed = detectAhead(stoppable(source(texts), stop.signal), engine(log));
    const started = startRun({ ...handed, store: passingStore() });
    started.onResult(() => stop.abort());
    const progress = await started.finished;
    expect(progress.phase).toBe('done');
    expect(progress.done).toBeGreaterThanOrEqual(1);
    expect(progress.done).toBeLessThanOrEqual(5);
  });

  it('does not wait for a listing that hangs', async () => {
    const stop = new AbortController();
    const hanging: Source = {
      ...source([]),
      count: () => Promise.resolve(1),

      async *items() {
        await new Promise(() => undefined);
      },
    };
    const { finished } = startRun({
      source: stoppable(hanging, stop.signal),
      engine: engine([]),
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
