import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  drawnBoxes,
  hasOtherShape,
  isThin,
  toPixels,
  type DrawnBox,
} from '../../../../../src/relay/training/collect/annotatedBoxes.ts';
import { parseLabelConfig } from '../../../../../src/labelstudio/labelConfig.ts';
import { suggestMapping } from '../../../../../src/labelstudio/mapping.ts';
import { detectionsToRegions } from '../../../../../src/labelstudio/regions.ts';
import { config, region, type FakeRegion } from './fakeProject.ts';

const [control] = parseLabelConfig(config('<Label value="Face"/><Label value="Car"/>')).controls;
if (control === undefined) throw new Error('no control');
const classOf = (label: string) =>
  [['Face', 0] as const, ['Car', 1] as const].find(([name]) => name === label)?.[1];
const read = (...result: readonly unknown[]) => drawnBoxes(result, control, classOf);
const drawn = (fake: FakeRegion): DrawnBox => {
  const [box] = read(region(fake)).boxes;
  if (box === undefined) throw new Error('no box');
  return box;
};
const image = { width: 200, height: 100 };

test('a detection that becomes a region and is collected again is where it was', () => {
  const side = fc.integer({ min: 1, max: 20_000 });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(side, side, fc.tuple(share, share, share, share), (width, height, [a, b, c, d]) => {
      const [x1, x2] = [Math.min(a, b) * width, Math.max(a, b) * width];
      const [y1, y2] = [Math.min(c, d) * height, Math.max(c, d) * height];
      const regions = detectionsToRegions(
        [{ x1, y1, x2, y2, score: 1, label: 1 }],
        { width, height },
        suggestMapping(['Face', 'Car'], control),
        0,
      );
      for (const box of read(...regions).boxes) {
        const { label, bbox } = toPixels(box, { width, height });
        expect(label).toBe(1);
        [x1, y1, x2 - x1, y2 - y1].forEach((pixels, index) => {
          expect(Math.abs((bbox[index] ?? NaN) - pixels)).toBeLessThan(0.002);
        });
        expect(bbox[0] + bbox[2]).toBeLessThanOrEqual(width + 0.001);
        expect(bbox[1] + bbox[3]).toBeLessThanOrEqual(height + 0.001);
      }
    }),
  );
});

describe('in pixels', () => {
  test.each([
    ['of the real image, not of the size that the annotation says', { size: [7, 7] }, [20, 20, 60, 40]],
    ['cut at the edges', { at: [-10, 90, 50, 50] }, [0, 90, 80, 10]],
    ['drawn from right to left', { at: [50, 50, -10, -20] }, [80, 30, 20, 20]],
    ['turned by a quarter: the box around', { at: [50, 20, 10, 40], rotation: 90 }, [60, 20, 40, 20]],
    ['a thousandth of a pixel is enough', { at: [100 / 3, 0, 100 / 3, 100] }, [66.667, 0, 66.666, 100]],
  ] as const)('%s', (_name, fake, bbox) => {
    expect(toPixels(drawn(fake), image).bbox).toEqual(bbox);
  });

  test.each([
    [[0, 0, 0.5, 1], false],
    [[0, 0, 0.499, 50], true],
    [[0, 0, 50, 0.999], true],
    [[99.9, 0, 50, 50], true],
    [[-40, 0, 20, 20], true],
  ] as const)('%j percent of 200 x 100 pixels are thinner than a pixel: %j', (at, thin) => {
    expect(isThin(toPixels(drawn({ at }), image))).toBe(thin);
  });
});

describe('of an annotation', () => {
  test('only the boxes of the tag, in their order', () => {
    const { boxes } = read(
      region({ label: 'Car' }),
      region({ tag: 'other' }),
      { ...region(), to_name: 'image2' },
      { type: 'choices', from_name: 'label', to_name: 'image', value: { choices: ['Face'] } },
      null,
      'text',
      region(),
    );
    expect(boxes.map(({ label }) => label)).toEqual([1, 0]);
  });

  test('what cannot be learned is counted', () => {
    const plain = region();
    const found = read(
      region({ label: 'Ghost' }),
      region({ label: 'Ghost' }),
      region({ label: [] }),
      { ...plain, type: 'rectangle', value: { x: 1, y: 1, width: 1, height: 1 } },
      region({ label: ['Car', 'Face'] }),
      region({ turned: 90 }),
      { ...plain, value: { rectanglelabels: ['Face'], x: 1 } },
      { ...plain, value: { ...plain.value, x: null } },
    );
    expect(found).toMatchObject({ withoutLabel: 2, severalLabels: 1, unreadable: 3 });
    expect(found.unknownLabels).toEqual(new Map([['Ghost', 2]]));
    expect(found.boxes.map(({ label }) => label)).toEqual([1]);
  });

  test('its image size may be missing', () => {
    const plain: Record<string, unknown> = region();
    delete plain.original_width;
    expect(read(plain).boxes).toMatchObject([{ seen: null }]);
  });
});

test.each([
  [100, 50, false],
  [101, 50, false],
  [400, 200, false],
  [50, 100, true],
  [100, 53, true],
])('%i x %i has another shape than 200 x 100: %j', (width, height, expected) => {
  expect(hasOtherShape({ width, height }, image)).toBe(expected);
});
