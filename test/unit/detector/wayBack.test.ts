/** From the network's pixels back to the image's: the decoder undoes what the resize has done. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decode } from '../../../src/detector/decode.ts';
import type { HeadLevel } from '../../../src/detector/heads.ts';
import type { Manifest } from '../../../src/detector/manifest.ts';
import { planResize } from '../../../src/detector/resizePlan.ts';
import { columnTaps, rowTaps, TAP_STRIDE } from '../../../src/detector/resizeTaps.ts';
import { readCase } from './fixtures.ts';

const { manifest } = readCase('heads-borders');

/** One cell that finds the box of these corners, in the network's pixels. */
function levelWith(corners: readonly [number, number, number, number]): HeadLevel {
  const [x1, y1, x2, y2] = corners;
  const stride = 128;
  const point = stride / 2;
  const cls = new Float32Array(manifest.classes.length).fill(-20);
  cls[0] = 5;
  const bbox = Float32Array.of(point - x1, point - y1, x2 - point, y2 - point);
  return { stride, columns: 1, rows: 1, cls, bbox, centerness: Float32Array.of(5) };
}

/** Where in the image the resize has taken a pixel from: its centre there. */
function origin(taps: Int32Array, at: number): number {
  const [i0 = 0, i1 = 0, w0 = 0, w1 = 0] = taps.subarray(at * TAP_STRIDE, (at + 1) * TAP_STRIDE);
  return (i0 * w0 + i1 * w1) / (w0 + w1) + 0.5;
}

const side = fc.integer({ min: 1, max: 20_000 });
const target = fc.record({
  width: fc.integer({ min: 1, max: 1400 }),
  height: fc.integer({ min: 1, max: 1400 }),
});
const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

it.each(['keep-ratio', 'stretch'] as const)('%s: a corner comes back to where its pixel is from', (rule) => {
  fc.assert(
    fc.property(side, side, target, fc.tuple(share, share, share, share), (width, height, size, places) => {
      const own: Manifest = {
        ...manifest,
        input: { ...manifest.input, resize: { rule, ...size } },
        // Corners in any order.
        postprocess: { ...manifest.postprocess, minBoxSize: -1 },
      };
      const plan = planResize(width, height, own.input);
      const columns = columnTaps(width, plan.width);
      const rows = rowTaps(height, plan.height);
      const [x1, y1, x2, y2] = places.map((place, i) =>
        Math.trunc(place * (i % 2 === 0 ? plan.width : plan.height)),
      ) as [number, number, number, number];
      const level = levelWith([x1 + 0.5, y1 + 0.5, x2 + 0.5, y2 + 0.5]);
      const { count, corners } = decode([level], plan, own);
      expect(count).toBe(1);
      const from = [origin(columns, x1), origin(rows, y1), origin(columns, x2), origin(rows, y2)];
      for (const [i, place] of from.entries()) {
        const length = i % 2 === 0 ? width : height;
        const inside = place > 1 && place < length - 1;
        // The taps are whole 2048ths and end half a pixel before the border; the rest is float32.
        const off = (inside ? 1 / 2048 : 0.5) + length * 2 ** -21;
        expect(Math.abs((corners[i] ?? Number.NaN) - place)).toBeLessThanOrEqual(off);
      }
    }),
    { numRuns: 300 },
  );
});
