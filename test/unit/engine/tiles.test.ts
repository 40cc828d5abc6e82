import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columnTaps, rowTaps, TAP_STRIDE } from '../../../src/detector/resizeTaps.ts';
import { spans } from '../../../src/engine/worker/tiles.ts';

test('spans cover every position once, and each holds the source pixels it needs, within the limit', () => {
  const side = fc.integer({ min: 1, max: 200 });
  fc.assert(
    fc.property(side, side, fc.integer({ min: 2, max: 50 }), fc.boolean(), (src, dst, limit, columns) => {
      const taps = columns ? columnTaps(src, dst) : rowTaps(src, dst);
      let next = 0;
      for (const { to, toLength, from, fromLength } of spans(taps, limit)) {
        expect(to).toBe(next);
        expect(toLength).toBeGreaterThan(0);
        expect(fromLength).toBeLessThanOrEqual(limit);
        next += toLength;
        const needed = taps.subarray(to * TAP_STRIDE, next * TAP_STRIDE).filter((_, i) => i % TAP_STRIDE < 2);
        expect(needed.every((source) => source >= from && source < from + fromLength)).toBe(true);
      }
      expect(next).toBe(dst);
    }),
  );
});
