import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextSuspect, suspicion } from '../../../src/detector/suspects.ts';

const bitsOf = (values: Float32Array) => new Int32Array(values.buffer, values.byteOffset, values.length);

/** All positions that the scan stops at. */
function suspects(values: Float32Array, floor: number): number[] {
  const found = [];
  const limit = suspicion(floor);
  const bits = bitsOf(values);
  for (let at = nextSuspect(bits, 0, limit); at < bits.length; at = nextSuspect(bits, at + 1, limit)) {
    found.push(at);
  }
  return found;
}

/** Those that a plain look at each value gives. */
function plainly(values: Float32Array, isSuspect: (value: number) => boolean): number[] {
  return [...values.keys()].filter((at) => isSuspect(values[at] ?? 0));
}

const negativeNaN = new Float32Array(Uint32Array.of(0xffc0_0000).buffer);
const value = fc.oneof(
  fc.float({ noNaN: true, min: -16, max: 16 }),
  fc.float(),
  fc.constantFrom(0, -0, 2 ** -149, -(2 ** -149), Infinity, -Infinity, Number.NaN, -2.9375),
);
const values = fc.array(value, { maxLength: 40 }).map((all) => Float32Array.from(all));

describe('the scan for class outputs that matter', () => {
  it('stops at each value above a negative floor, at each that is not finite, and nowhere else', () => {
    const floor = fc.oneof(
      fc.float({ noNaN: true, min: -16, max: Math.fround(-1e-6) }),
      fc.constant(-2.9375),
    );
    fc.assert(
      fc.property(values, floor, (all, least) => {
        expect(suspects(all, least)).toEqual(plainly(all, (each) => each > least || !Number.isFinite(each)));
      }),
      { numRuns: 500 },
    );
  });

  it('passes over a value that is the floor itself, wherever it lies', () => {
    expect(suspects(new Float32Array(11).fill(-2.9375), -2.9375)).toEqual([]);
  });

  it('stops at NaN with its sign set, as x86 makes it', () => {
    const all = Float32Array.of(-5, -6, -7, -8, -9, -5);
    for (const at of all.keys()) {
      const broken = all.slice();
      broken.set(negativeNaN, at);
      expect(suspects(broken, -4)).toEqual([at]);
    }
  });

  it('takes a floor of 0 or more for just below 0, and leaves the rest to the caller', () => {
    fc.assert(
      fc.property(values, fc.float({ noNaN: true, min: 0 }), (all, floor) => {
        const positive = (each: number) => each > 0 || Object.is(each, 0);
        expect(suspects(all, floor)).toEqual(
          plainly(all, (each) => positive(each) || !Number.isFinite(each)),
        );
      }),
    );
  });

  it('rules out nothing that a network computes where the floor is -Infinity', () => {
    const all = Float32Array.of(-1e38, -3.3e38, 0, 7, -Infinity);
    expect(suspects(all, -Infinity)).toEqual([0, 1, 2, 3, 4]);
  });

  it('says the length where there is none, wherever it begins', () => {
    for (let length = 0; length < 12; length++) {
      const bits = bitsOf(new Float32Array(length).fill(-9));
      for (let from = 0; from <= length; from++) {
        expect(nextSuspect(bits, from, suspicion(-4))).toBe(length);
      }
    }
  });
});
