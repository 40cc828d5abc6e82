import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keepBest, sortByScore } from '../../../src/detector/order.ts';

const scores = fc.array(
  fc.oneof(
    fc.float({ min: 0, max: 1, noNaN: true }).map((score) => score + 0),
    fc.constantFrom(0, 0.5, 1),
  ),
  { maxLength: 300 },
);

function reference(values: readonly number[]): number[] {
  return values.map((_, i) => i).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b);
}

function pairs(values: readonly number[]): { scores: Float32Array; ids: Uint32Array } {
  return { scores: Float32Array.from(values), ids: Uint32Array.from(values.keys()) };
}

describe('sortByScore', () => {
  it('is a stable descending sort that keeps pairs together', () => {
    fc.assert(
      fc.property(scores, (values) => {
        const sorted = pairs(values);
        sortByScore(sorted.scores, sorted.ids, values.length);
        expect([...sorted.ids]).toEqual(reference(values));
        expect([...sorted.scores]).toEqual([...sorted.ids].map((id) => values[id]));
      }),
    );
  });

  it('leaves what lies past the count alone', () => {
    const sorted = pairs([0.25, 0.5, 1]);
    sortByScore(sorted.scores, sorted.ids, 2);
    expect([...sorted.ids]).toEqual([1, 0, 2]);
    expect([...sorted.scores]).toEqual([0.5, 0.25, 1]);
  });
});

describe('keepBest', () => {
  it('loses none of the best, ties with the last of them included', () => {
    fc.assert(
      fc.property(scores, fc.integer({ min: 1, max: 400 }), (values, wanted) => {
        const kept = pairs(values);
        const count = keepBest(kept.scores, kept.ids, values.length, wanted);
        const front = [...kept.ids.subarray(0, count)];
        expect(front).toEqual(front.toSorted((a, b) => a - b));
        const needed = reference(values).slice(0, wanted);
        expect(front).toEqual(expect.arrayContaining(needed));
        const last = values[needed.at(-1) ?? -1];
        const ties = values.flatMap((score, i) => (score === last ? [i] : []));
        expect(front).toEqual(expect.arrayContaining(ties));
        expect([...kept.scores.subarray(0, count)]).toEqual(front.map((id) => values[id]));
      }),
    );
  });

  it('keeps no more than asked for where every score is far from the next', () => {
    const kept = pairs([0.125, 1, 0.25, 0.5]);
    expect(keepBest(kept.scores, kept.ids, 4, 2)).toBe(2);
    expect([...kept.ids.subarray(0, 2)]).toEqual([1, 3]);
  });

  it('does not see what lies past the count', () => {
    const kept = pairs([0.5, 0.25, 0.125, 1, 1, 1]);
    expect(keepBest(kept.scores, kept.ids, 3, 2)).toBe(2);
    expect([...kept.ids.subarray(0, 2)]).toEqual([0, 1]);
  });

  it('cuts: of a hundred thousand spread scores it keeps little more than asked for', () => {
    const spread = Array.from({ length: 100_000 }, (_, i) => Math.fround(((i * 7919) % 100_000) / 100_000));
    const kept = pairs(spread);
    const count = keepBest(kept.scores, kept.ids, spread.length, 1000);
    expect(count).toBeGreaterThanOrEqual(1000);
    expect(count).toBeLessThan(1500);
  });
});
