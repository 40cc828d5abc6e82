import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rowTaps } from '../../../src/detector/resizeTaps.ts';
import { walkRows } from '../../../src/detector/sourceRows.ts';

interface Strip {
  y: number;
}

/** Which source rows were resized, and what each destination row was made of. */
function walked(from: number, to: number) {
  const resized: number[] = [];
  const blended: number[][] = [];
  const strips: [Strip, Strip] = [{ y: -1 }, { y: -1 }];
  const resize = (y: number, strip: Strip) => {
    resized.push(y);
    strip.y = y;
  };
  walkRows(rowTaps(from, to), strips, resize, (y, upper, lower, w0, w1) =>
    blended.push([y, upper.y, lower.y, w0, w1]),
  );
  return { resized, blended };
}

const side = fc.integer({ min: 1, max: 40 });

test('each destination row is made of the rows of its taps, with their weights', () => {
  fc.assert(
    fc.property(side, side, (from, to) => {
      const taps = [...rowTaps(from, to)];
      const expected = Array.from({ length: to }, (_, y) => [y, ...taps.slice(4 * y, 4 * y + 4)]);
      expect(walked(from, to).blended).toEqual(expected);
    }),
  );
});

test('between the borders, an enlarged image has each of its rows resized once', () => {
  // At the borders both taps are the same row, which is then resized into either strip.
  expect(walked(5, 20).resized).toEqual([0, 0, 1, 2, 3, 4, 4]);
  expect(walked(4, 4).resized).toEqual([0, 1, 2, 3, 3]);
});

test('of a reduced image, rows that are in no tap are not resized', () => {
  expect(walked(12, 3).resized).toEqual([1, 2, 5, 6, 9, 10]);
});
