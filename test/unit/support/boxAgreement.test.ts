import { expect, test } from 'vitest';
import { compareBoxes, type ScoredBox } from '../../support/boxAgreement.ts';

const face: ScoredBox = { box: [10, 10, 50, 60], score: 0.9, label: 'face' };
const far: ScoredBox = { box: [200, 10, 260, 90], score: 0.3, label: 'face' };
const compared = (theirs: readonly ScoredBox[], ours: readonly ScoredBox[]) =>
  compareBoxes(new Map([['a.jpg', theirs]]), new Map([['a.jpg', ours]]), 0.1);

test('the same boxes agree', () => {
  expect(compared([face, far], [face, far])).toEqual({
    boxes: 2,
    agreeing: 2,
    sameOrder: 1,
    worstScore: 0,
    worstIou: 1,
  });
});

test('a box that only one side has counts, and agrees with nothing, whichever side it is', () => {
  for (const [theirs, ours] of [
    [[face], [face, far]],
    [[face, far], [face]],
    [[face], [face, { ...face }]],
  ] as const) {
    expect(compared(theirs, ours)).toMatchObject({ boxes: 2, agreeing: 1, sameOrder: 0 });
  }
});

test('another class, score or place is no agreement', () => {
  expect(compared([face], [{ ...face, label: 'cat' }])).toMatchObject({ boxes: 2, agreeing: 0 });
  expect(compared([face], [{ ...face, score: 0.898 }])).toMatchObject({ boxes: 1, agreeing: 0 });
  expect(compared([face], [{ ...face, box: [10, 10, 50, 61] }])).toMatchObject({ boxes: 1, agreeing: 0 });
});

test('a score that crosses the floor by a rounding is no disagreement', () => {
  const [above, below] = [
    { ...far, score: 0.1002 },
    { ...far, score: 0.0999 },
  ];
  expect(compared([above], [below])).toMatchObject({ boxes: 1, agreeing: 1 });
  expect(compared([below], [above])).toMatchObject({ boxes: 0, agreeing: 0 });
});
