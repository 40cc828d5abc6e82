import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortedKeys } from '../../../src/app/state/reviewOrder.ts';
import { ReviewTable } from '../../../src/app/state/reviewTable.ts';
import type { ItemResult } from '../../../src/store/types.ts';

const score = fc.double({ min: 0, max: 1, noNaN: true });

const results: fc.Arbitrary<ItemResult[]> = fc.array(
  fc
    .record({
      // Few keys, so that many results replace an earlier one, by more boxes or by fewer.
      key: fc.integer({ min: 0, max: 12 }),
      scores: fc.array(score, { maxLength: 40 }),
      fate: fc.constantFrom('done' as const, 'done' as const, 'failed' as const, 'refused' as const),
    })
    .map(({ key, scores, fate }) => ({
      sourceId: 's',
      key: `task:${key}`,
      name: `Task ${key}`,
      taskId: key,
      modelVersion: 'm',
      state: fate === 'failed' ? 'failed' : 'done',
      width: 10,
      height: 10,
      detections:
        fate === 'failed'
          ? []
          : scores.map((each, index) => ({ x1: 0, y1: 0, x2: 1, y2: 1, score: each, label: index % 3 })),
      timings: null,
      backend: null,
      error: fate === 'done' ? null : { code: 'c', message: 'm' },
      at: 0,
    })),
  { maxLength: 60 },
);

/** What the table stands for: all results, the last one of each key, in the order in which keys came. */
function kept(all: readonly ItemResult[]): readonly ItemResult[] {
  return [...new Map(all.map((result) => [result.key, result])).values()];
}

function tableOf(all: readonly ItemResult[]): ReviewTable {
  const table = new ReviewTable();
  for (const result of all) table.put(result);
  return table;
}

describe('the table of scores says what the results say', () => {
  it('counts, failures and scores', () => {
    fc.assert(
      fc.property(results, (all) => {
        const table = tableOf(all);
        const wanted = kept(all);
        expect(table.size).toBe(wanted.length);
        expect(table.doneCount).toBe(wanted.filter(({ state }) => state === 'done').length);
        expect(table.failed.map(({ key }) => key).sort()).toEqual(
          wanted
            .filter(({ error }) => error !== null)
            .map(({ key }) => key)
            .sort(),
        );
        expect([...table.scores((label) => label === 1)]).toEqual(
          wanted.flatMap(({ detections }) =>
            detections.filter(({ label }) => label !== 1).map((each) => each.score),
          ),
        );
      }),
    );
  });

  it('the three orders', () => {
    fc.assert(
      fc.property(results, score, (all, threshold) => {
        const table = tableOf(all);
        const done = kept(all).filter(({ state }) => state === 'done');
        const by = (rank: (scores: readonly number[]) => number): readonly string[] =>
          done
            .map(({ key, detections }) => ({ key, rank: rank(detections.map((each) => each.score)) }))
            .sort((a, b) => a.rank - b.rank)
            .map(({ key }) => key);
        expect(sortedKeys(table, 'run', threshold)).toEqual(done.map(({ key }) => key));
        expect(sortedKeys(table, 'uncertain', threshold)).toEqual(
          by((scores) => Math.min(1, ...scores.map((each) => Math.abs(each - threshold)))),
        );
        expect(sortedKeys(table, 'lowest', threshold)).toEqual(
          by((scores) => Math.min(2, ...scores.filter((each) => each >= threshold))),
        );
      }),
    );
  });

  it('holds 100,000 results with 20 boxes each in some megabytes', () => {
    const table = new ReviewTable();
    const detections = Array.from({ length: 20 }, (_, i) => ({
      x1: 0,
      y1: 0,
      x2: 1,
      y2: 1,
      score: i / 20,
      label: 0,
    }));
    const before = process.memoryUsage();
    for (let i = 0; i < 100_000; i++)
      table.put({
        sourceId: 's',
        key: `task:${i}`,
        name: '',
        taskId: i,
        modelVersion: 'm',
        state: 'done',
        width: 1,
        height: 1,
        detections,
        timings: null,
        backend: null,
        error: null,
        at: 0,
      });
    const after = process.memoryUsage();
    // 2 million scores of 8 bytes and labels of 2, with room to grow.
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(50_000_000);
    expect(table.doneCount).toBe(100_000);
    expect(sortedKeys(table, 'uncertain', 0.31)).toHaveLength(100_000);
  });
});
