import { describe, expect, it } from 'vitest';
import { fileSource } from '../../../src/prelabel/fileSource.ts';
import { memoryStore } from '../../../src/prelabel/memoryStore.ts';
import { startRun } from '../../../src/prelabel/run.ts';
import { pipelineEngine, textSource } from '../../support/pipelineEngine.ts';

const start = (texts: readonly string[], log: string[]) =>
  startRun({ source: textSource(texts), engine: pipelineEngine(log), store: memoryStore() });
const inferred = (log: readonly string[]) => log.filter((entry) => entry.length === 1);

describe('a run', () => {
  it('has the next images decoded while one is inferred, and keeps the order', async () => {
    const log: string[] = [];
    const progress = await start(['a', 'b', 'c', 'd', 'e'], log).finished;
    expect(progress).toMatchObject({ phase: 'done', done: 5 });
    expect(inferred(log)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(log.filter((entry) => entry === 'decoded during inference').length).toBeGreaterThanOrEqual(2);
  });

  it('fails an image that is broken, and only that one, though it fails before its turn', async () => {
    // An unhandled rejection would fail the whole suite.
    const progress = await start(['a', 'broken', 'broken', 'd'], []).finished;
    expect(progress).toMatchObject({ phase: 'done', done: 2, failed: 2 });
  });

  it('hands nothing more to the engine while it is paused', async () => {
    const log: string[] = [];
    let loadTheRest = (): void => undefined;
    const rest = new Promise<void>((resolve) => (loadTheRest = resolve));
    const files = ['a', 'b', 'c', 'd'].map((text) => ({
      path: text,
      async blob() {
        if (text !== 'a') await rest;
        return new Blob([text]);
      },
    }));
    const source = fileSource('folder:t', 't', files);
    const run = startRun({ source, engine: pipelineEngine(log), store: memoryStore() });
    await new Promise<void>((resolve) => {
      run.onResult(() => resolve());
    });
    run.pause();
    loadTheRest();
    // Longer than all of them would take.
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(inferred(log)).toEqual(['a']);
    run.resume();
    expect(await run.finished).toMatchObject({ phase: 'done', done: 4 });
    expect(inferred(log)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('leaves nothing in the engine when it is cancelled', async () => {
    const log: string[] = [];
    const engine = pipelineEngine(log);
    let inHand = 0;
    const slowToObey = {
      ...engine,
      async detect(...[image, options]: Parameters<typeof engine.detect>) {
        inHand += 1;
        try {
          return await engine.detect(image, options);
        } finally {
          await new Promise((resolve) => setTimeout(resolve, 20));
          inHand -= 1;
        }
      },
    };
    const run = startRun({
      source: textSource(['a', 'b', 'c', 'd', 'e']),
      engine: slowToObey,
      store: memoryStore(),
    });
    let most = 0;
    run.onResult(() => {
      most = inHand;
      run.cancel();
    });
    expect((await run.finished).phase).toBe('cancelled');
    expect(most).toBeGreaterThan(0);
    expect(inHand).toBe(0);
  });
});
