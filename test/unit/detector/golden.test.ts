import { describe, expect, it } from 'vitest';
import { checkGolden, goldenInput, type Golden } from '../../../src/detector/golden.ts';
import type { HeadTensors } from '../../../src/detector/types.ts';
import { readFixture } from './fixtures.ts';

const data = Float32Array.from({ length: 10 }, (_, i) => i * 100 - 300);
const golden: Golden = {
  width: 2,
  height: 2,
  tolerance: 1e-3,
  // Indices 0, 3, 6: floor(k * 10 / 3).
  outputs: { cls8: { size: 10, samples: [-300, 0, 300] } },
};

function heads(values: ArrayLike<number>, name = 'cls8'): HeadTensors {
  return { [name]: { data: Float32Array.from(values), dims: [1, 1, 1, values.length] } };
}

function changed(at: number, value: number): HeadTensors {
  return heads(data.with(at, value));
}

describe('goldenInput', () => {
  it('is what numpy makes of the formula', () => {
    const { width, height, values } = readFixture('golden-input') as {
      width: number;
      height: number;
      values: number[];
    };
    expect([...goldenInput({ ...golden, width, height })]).toEqual(values);
  });

  it('stays in [-2, 2) and spreads over it', () => {
    const values = goldenInput({ ...golden, width: 64, height: 64 });
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-2);
    expect(Math.min(...values)).toBeLessThan(-1.99);
    expect(Math.max(...values)).toBeLessThan(2);
    expect(Math.max(...values)).toBeGreaterThan(1.99);
  });
});

describe('checkGolden', () => {
  it('passes the outputs it was made from, and others within the relative tolerance', () => {
    expect(checkGolden(golden, heads(data))).toEqual({ ok: true });
    expect(checkGolden(golden, changed(6, 300.29))).toEqual({ ok: true });
    expect(checkGolden(golden, changed(3, 0.0009))).toEqual({ ok: true });
  });

  it.each([
    [
      'a value past the tolerance',
      changed(6, 300.31),
      /'cls8' is wrong: 300\.\d+ instead of 300 at index 6/u,
    ],
    ['a small value past the tolerance', changed(3, 0.0011), /at index 3/u],
    ['NaN', changed(0, Number.NaN), /NaN instead of -300 at index 0/u],
    ['infinity', changed(0, -Infinity), /-Infinity instead of -300/u],
    ['a missing output', heads(data, 'other'), /'cls8' is missing/u],
    ['another size', heads(data.subarray(1)), /has 9 values instead of 10/u],
    ['zeros', heads(new Float32Array(10)), /'cls8' is all zeros: the engine computed nothing/u],
  ])('refuses %s', (_, given, reason) => {
    const verdict = checkGolden(golden, given);
    expect(verdict).toMatchObject({ ok: false, reason: expect.stringMatching(reason) as string });
  });

  it('refuses zeros everywhere even where zeros are sampled', () => {
    const zeros: Golden = { ...golden, outputs: { cls8: { size: 10, samples: [0, 0] } } };
    expect(checkGolden(zeros, heads(new Float32Array(10)))).toMatchObject({ ok: false });
    expect(checkGolden(zeros, heads(data.with(0, 0).with(5, 0)))).toEqual({ ok: true });
  });

  it('lets one output be zero where the model makes it so', () => {
    const two: Golden = { ...golden, outputs: { ...golden.outputs, bbox8: { size: 4, samples: [0, 0] } } };
    const got = { ...heads(data), ...heads(new Float32Array(4), 'bbox8') };
    expect(checkGolden(two, got)).toEqual({ ok: true });
  });

  it('refuses a model without golden outputs: it would prove nothing', () => {
    expect(checkGolden({ ...golden, outputs: {} }, heads(data))).toMatchObject({ ok: false });
  });
});
