import { deleteDB } from 'idb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ReviewState } from '../../../src/app/state/reviewState.ts';
import { openDatabase } from '../../../src/store/database.ts';
import type { Database } from '../../../src/store/database.ts';
import { resultStore } from '../../../src/store/results.ts';
import { settingsStore } from '../../../src/store/settings.ts';
import type { ItemResult, ResultStore } from '../../../src/store/types.ts';
import { resultOf, SOURCE, VERSION } from '../store/rows.ts';

let name = '';
let database: Database;
let store: ResultStore;
beforeEach(async () => {
  name = `test-${crypto.randomUUID()}`;
  database = await openDatabase({ name });
  store = resultStore(database);
});
afterEach(async () => {
  database.close();
  await deleteDB(name);
});

/** A result with `boxes` boxes whose scores are 0.1, 0.2, ... */
function withBoxes(task: number, boxes: number): ItemResult {
  const detections = Array.from({ length: boxes }, (_, i) => ({
    x1: 0,
    y1: 0,
    x2: 5,
    y2: 5,
    score: (i + 1) / 10,
    label: i % 2,
  }));
  return { ...resultOf(task), detections };
}

async function stored(...results: readonly ItemResult[]): Promise<void> {
  await Promise.all(results.map((result) => store.put(result, { queueForPosting: false })));
}

function reviewOf(results: ResultStore = store): ReviewState {
  return new ReviewState(() => Promise.resolve({ results, settings: settingsStore(database) }));
}

describe('the review of a project', () => {
  test('knows scores and order of all results, and holds the boxes of those that were looked at last', async () => {
    await stored(...Array.from({ length: 1000 }, (_, i) => withBoxes(i + 1, i % 5)));
    let read = 0;
    const review = reviewOf({
      ...store,
      some: async (...args) => {
        read += 1;
        return store.some(...args);
      },
      all: () => Promise.reject(new Error('Nobody reads them all at once.')),
    });
    await review.load(SOURCE, VERSION);
    expect([review.count, review.doneCount, review.failed.length]).toEqual([1000, 1000, 0]);
    expect(review.scores([false, false])).toHaveLength(2000);
    expect(review.scores([true, false])).toHaveLength(800);
    const keys = review.sorted(0.3);
    expect([keys[0], keys[999]]).toEqual(['task:1', 'task:1000']);
    // The same one, or the whole grid would be laid out anew.
    expect(review.sorted(0.9)).toBe(keys);

    expect(review.peek('task:5')).toBeUndefined();
    const screenful = await Promise.all(keys.slice(0, 60).map((key) => review.read(key)));
    expect(screenful.map((result) => result?.key)).toEqual(keys.slice(0, 60));
    expect(read).toBe(1);
    expect(review.peek('task:5')).toEqual(withBoxes(5, 4));
    for (let start = 0; start < 1000; start += 100)
      await Promise.all(keys.slice(start, start + 100).map((key) => review.read(key)));
    expect(keys.filter((key) => review.peek(key) !== undefined)).toEqual(keys.slice(-300));
  });

  test('sorts by doubt without reading a box again', async () => {
    await stored(withBoxes(1, 9), withBoxes(2, 1), withBoxes(3, 0), withBoxes(4, 3));
    const review = reviewOf();
    await review.load(SOURCE, VERSION);
    review.setOrder('uncertain');
    expect(review.sorted(0.32)).toEqual(['task:1', 'task:4', 'task:2', 'task:3']);
    review.setOrder('lowest');
    expect(review.sorted(0.25)).toEqual(['task:1', 'task:4', 'task:2', 'task:3']);
  });

  test('takes results of a run in, and keeps those that have come while it was reading', async () => {
    await stored(withBoxes(1, 2), withBoxes(2, 2));
    const review = reviewOf();
    const loading = review.load(SOURCE, VERSION);
    review.add(withBoxes(2, 7));
    review.add({ ...resultOf(3), state: 'failed', detections: [], error: { code: 'c', message: 'Broken.' } });
    await loading;
    expect([review.count, review.doneCount]).toEqual([3, 2]);
    expect(review.failed).toEqual([
      { key: 'task:3', name: 'Task 3', state: 'failed', error: { code: 'c', message: 'Broken.' } },
    ]);
    expect(review.scores([])).toHaveLength(9);
    review.add(withBoxes(3, 1));
    await expect.poll(() => review.failed).toEqual([]);
    expect(review.doneCount).toBe(3);
  });

  test('a removed box is gone from counts, store and export, and comes back', async () => {
    await stored(withBoxes(1, 3), withBoxes(2, 1));
    const review = reviewOf();
    await review.load(SOURCE, VERSION);
    await review.removeBox('task:1', 1);
    expect(review.scores([])).toHaveLength(3);
    expect((await store.get(SOURCE, 'task:1', VERSION))?.detections).toHaveLength(2);
    const exported: number[] = [];
    for await (const { detections } of review.all()) exported.push(detections.length);
    expect(exported).toEqual([2, 1]);
    expect(await review.undo()).toBe('task:1');
    expect((await review.read('task:1'))?.detections).toEqual(withBoxes(1, 3).detections);
    expect(review.scores([])).toHaveLength(4);
  });

  test('leaves out what the source has not', async () => {
    await stored(withBoxes(1, 3), withBoxes(2, 1));
    const review = reviewOf();
    await review.load(SOURCE, VERSION, (key) => key !== 'task:1');
    expect(review.sorted(0.3)).toEqual(['task:2']);
    expect(await review.read('task:1')).toBeUndefined();
  });
});

test('pages of a run are complete and in order, also when another run was stored in between', async () => {
  const other = 'other-00000000';
  for (let task = 1; task <= 450; task++) {
    void store.put(resultOf(task), { queueForPosting: false });
    await store.put({ ...resultOf(task), modelVersion: other }, { queueForPosting: false });
    if (task % 3 === 0)
      await store.put({ ...resultOf(task), modelVersion: 'third-00000000' }, { queueForPosting: false });
  }
  for (const version of [VERSION, other]) {
    const pages: (readonly ItemResult[])[] = [];
    for await (const page of store.pages(SOURCE, version)) pages.push(page);
    expect(pages.length).toBeGreaterThan(2);
    expect(pages.flat().map(({ taskId }) => taskId)).toEqual(Array.from({ length: 450 }, (_, i) => i + 1));
    expect(pages.flat().every(({ modelVersion }) => modelVersion === version)).toBe(true);
  }
  expect(await store.some(SOURCE, VERSION, ['task:9', 'task:0', 'task:3'])).toEqual([
    resultOf(9),
    resultOf(3),
  ]);
});
