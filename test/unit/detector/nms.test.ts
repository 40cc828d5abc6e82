import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nms, type NmsOptions } from '../../../src/detector/nms.ts';

interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly score: number;
  readonly label: number;
}

const few = { iouThreshold: 0.5, classAgnostic: false, most: 1000 };

function run(boxes: readonly Box[], options: NmsOptions = few): number[] {
  return [
    ...nms(
      Float32Array.from(boxes.flatMap(({ x, y, w, h }) => [x, y, x + w, y + h])),
      Float32Array.from(boxes, ({ score }) => score),
      Uint16Array.from(boxes, ({ label }) => label),
      options,
    ),
  ];
}

/** The definition, as slowly as it is written: a box stays when no better box that stays overlaps it. */
function oracle(boxes: readonly Box[], { iouThreshold, classAgnostic, most }: NmsOptions): number[] {
  const ranked = boxes.map((box, index) => ({ box, index }));
  ranked.sort((a, b) => b.box.score - a.box.score || a.index - b.index);
  const suppressed = new Set<number>();
  for (const [i, better] of ranked.entries()) {
    if (suppressed.has(better.index)) continue;
    for (const worse of ranked.slice(i + 1)) {
      const rivals = classAgnostic || better.box.label === worse.box.label;
      if (rivals && iou(better.box, worse.box) > iouThreshold) suppressed.add(worse.index);
    }
  }
  return ranked
    .map(({ index }) => index)
    .filter((index) => !suppressed.has(index))
    .slice(0, most);
}

function iou(a: Box, b: Box): number {
  const width = Math.max(0, Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x));
  const height = Math.max(0, Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y));
  return (width * height) / (a.w * a.h + b.w * b.h - width * height);
}

// Whole coordinates: IoU is exact enough in float32 that 0.45 and 0.55 are never hit by rounding alone.
const boxFields = {
  x: fc.nat(40),
  y: fc.nat(40),
  w: fc.integer({ min: 1, max: 30 }),
  h: fc.integer({ min: 1, max: 30 }),
  score: fc.integer({ min: 0, max: 16 }).map((n) => n / 16), // ties are common
  label: fc.nat(3),
};
const box: fc.Arbitrary<Box> = fc.record(boxFields);
/** As MMDetection keeps them when the least size is negative: without area, or turned inside out. */
const anyBox = fc.oneof(
  { arbitrary: box, weight: 2 },
  fc.record({ ...boxFields, w: fc.integer({ min: -10, max: 10 }), h: fc.integer({ min: -10, max: 10 }) }),
);
const boxes = fc.array(anyBox, { maxLength: 60 });
const options: fc.Arbitrary<NmsOptions> = fc.record({
  iouThreshold: fc.constantFrom(0, 0.3137, 0.5, 0.6173, 1),
  classAgnostic: fc.boolean(),
  most: fc.constantFrom(1, 5, 1000),
});

describe('nms', () => {
  it('equals the definition', () => {
    fc.assert(
      fc.property(boxes, options, (given, chosen) => {
        expect(run(given, chosen)).toEqual(oracle(given, chosen));
      }),
      { numRuns: 500 },
    );
  });

  it('equals the definition where more boxes have to be looked at than are ranked at first', () => {
    const crowd = fc.array(box, { minLength: 1100, maxLength: 1400 });
    fc.assert(
      fc.property(
        crowd,
        fc.constantFrom(0, 0.3137, 0.6173),
        fc.boolean(),
        (given, iouThreshold, classAgnostic) => {
          const chosen = { iouThreshold, classAgnostic, most: 1000 };
          expect(run(given, chosen)).toEqual(oracle(given, chosen));
        },
      ),
      { numRuns: 3 },
    );
    // The last box is the only one that the best does not cover.
    const covered = Array.from({ length: 3000 }, () => ({ x: 0, y: 0, w: 9, h: 9, score: 0.5, label: 0 }));
    expect(run([...covered, { x: 50, y: 50, w: 9, h: 9, score: 0.25, label: 0 }])).toEqual([0, 3000]);
  });

  it('is idempotent', () => {
    fc.assert(
      fc.property(boxes, options, (given, chosen) => {
        const kept = run(given, chosen).flatMap((index) => given[index] ?? []);
        expect(run(kept, chosen)).toEqual(kept.map((_, i) => i));
      }),
    );
  });

  it('gives descending scores, and equal scores in the order of the boxes', () => {
    fc.assert(
      fc.property(boxes, options, (given, chosen) => {
        const kept = run(given, chosen);
        for (const [i, index] of kept.entries()) {
          const before = kept[i - 1];
          if (before === undefined) continue;
          const a = given[before]?.score ?? 0;
          const b = given[index]?.score ?? 0;
          expect(a > b || (a === b && before < index)).toBe(true);
        }
      }),
    );
  });

  it('keeps a box whose IoU is exactly the threshold', () => {
    const half = { x: 0, y: 0, w: 10, h: 10, score: 0.9, label: 0 };
    expect(run([half, { ...half, h: 5, score: 0.8 }])).toEqual([0, 1]);
    expect(run([half, { ...half, h: 6, score: 0.8 }])).toEqual([0]);
  });

  it('keeps the same box of another class, unless told otherwise', () => {
    const cat = { x: 3, y: 4, w: 5, h: 6, score: 0.5, label: 0 };
    const pair = [cat, { ...cat, label: 1 }];
    expect(run(pair)).toEqual([0, 1]);
    expect(run(pair, { ...few, classAgnostic: true })).toEqual([0]);
  });

  it('from 10,000 boxes on separates classes even where it is class-agnostic, as mmcv does', () => {
    const crowd = Array.from({ length: 10_000 }, (_, i) => ({
      x: 0,
      y: 0,
      w: 9,
      h: 9,
      score: 0.5,
      label: i % 2,
    }));
    const agnostic = { ...few, classAgnostic: true };
    expect(run(crowd, agnostic)).toEqual([0, 1]);
    expect(run(crowd.slice(1), agnostic)).toEqual([0]);
  });

  it('lets classes touch where float32 cannot keep them apart, as mmcv does', () => {
    // mmcv's batched_nms keeps [0] of these: 404 * 109287.5 leaves no digit for the gap of 1.
    const far = { x: 109_283.5, y: 109_283.5, w: 3, h: 3, score: 0.9, label: 404 };
    const near = { x: 0, y: 0, w: 3, h: 3, score: 0.8, label: 405 };
    expect(run([far, near])).toEqual([0]);
    expect(
      run([
        { ...far, label: 2 },
        { ...near, label: 3 },
      ]),
    ).toEqual([0, 1]);
  });

  it('moves classes far enough apart that they do not touch, as far as float32 can tell', () => {
    // Label times 40 is past 2^21, so that all boxes are compared with each other after the move.
    const full = { x: 0, y: 0, w: 39, h: 39, score: 0.9, label: 60_000 };
    const next = { ...full, score: 0.8, label: 60_001 };
    expect(run([full, next], { ...few, iouThreshold: 0 })).toEqual([0, 1]);
    expect(run([full, { ...next, label: 60_000 }], { ...few, iouThreshold: 0 })).toEqual([0]);
  });

  it('answers no boxes with none', () => {
    expect(run([])).toEqual([]);
  });
});
