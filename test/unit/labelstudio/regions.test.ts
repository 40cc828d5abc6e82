import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Detection } from '../../../src/detector/types.ts';
import { detectionsToRegions, regionToBox, toPrediction } from '../../../src/labelstudio/regions.ts';
import type { Mapping } from '../../../src/labelstudio/types.ts';

const mapping: Mapping = {
  control: {
    name: 'label',
    toName: 'image',
    imageField: 'image',
    labels: [
      { value: 'Face', alias: null, predictedValues: [], color: null },
      { value: 'Car', alias: 'vehicle', predictedValues: [], color: null },
    ],
  },
  labels: ['Face', null, 'Car'],
};
const detection = (rest: Partial<Detection> = {}): Detection => ({
  x1: 10,
  y1: 20,
  x2: 110,
  y2: 70,
  score: 0.9,
  label: 0,
  ...rest,
});
const image = { width: 200, height: 100 };
/** FNV-1a of 'Face 5 20 50 50 0.9', of that and ' 1', ' 2', and of 'vehicle 5 20 50 50 0.9'. */
const GOLDEN_IDS = ['fl-d92568dc', 'fl-ef57dd5f', 'fl-f057def2', 'fl-3b5c54ad'];

describe('detectionsToRegions', () => {
  test('gives percent of the image and everything Label Studio asks for', () => {
    expect(detectionsToRegions([detection()], image, mapping, 0.3)).toEqual([
      {
        id: expect.stringMatching(/^fl-[0-9a-f]{8}$/u) as string,
        type: 'rectanglelabels',
        from_name: 'label',
        to_name: 'image',
        original_width: 200,
        original_height: 100,
        image_rotation: 0,
        score: 0.9,
        value: { x: 5, y: 20, width: 50, height: 50, rotation: 0, rectanglelabels: ['Face'] },
      },
    ]);
  });

  test('the threshold keeps equal scores and drops lower ones and NaN', () => {
    const detections = [0.3, 0.29, Number.NaN].map((score) => detection({ score }));
    expect(detectionsToRegions(detections, image, mapping, 0.3).map((region) => region.score)).toEqual([0.3]);
  });

  test('leaves out classes without a label, and stores the alias of a label', () => {
    const detections = [detection({ label: 1 }), detection({ label: 2 }), detection({ label: 7 })];
    expect(
      detectionsToRegions(detections, image, mapping, 0).map((region) => region.value.rectanglelabels),
    ).toEqual([['vehicle']]);
  });

  test.each([
    { x2: 10 },
    { x1: 120 },
    { x1: 200, x2: 300 },
    { y1: -50, y2: -10 },
    { x1: Number.NaN },
    { y2: Number.NaN },
  ])('drops the box without an area inside the image: %j', (rest) => {
    expect(detectionsToRegions([detection(rest)], image, mapping, 0)).toEqual([]);
  });

  test('clamps to the image', () => {
    const [region] = detectionsToRegions(
      [detection({ x1: -5, y1: -5, x2: 500, y2: 500 })],
      image,
      mapping,
      0,
    );
    expect(region?.value).toMatchObject({ x: 0, y: 0, width: 100, height: 100 });
  });

  test('ids depend on content only, and equal boxes get different ones', () => {
    const detections = [detection(), detection(), detection({ score: 0.8 })];
    const ids = detectionsToRegions(detections, image, mapping, 0).map((region) => region.id);
    expect(new Set(ids).size).toBe(3);
    expect(detectionsToRegions(detections, image, mapping, 0).map((region) => region.id)).toEqual(ids);
  });

  test('ids are those of every earlier version, which Label Studio has stored', () => {
    const detections = [detection(), detection(), detection(), detection({ label: 2 })];
    expect(detectionsToRegions(detections, image, mapping, 0).map(({ id }) => id)).toEqual(GOLDEN_IDS);
  });

  test('ids have eight digits, and another one where anything differs', () => {
    const detections = Array.from({ length: 60 }, (_, i) => [
      detection({ x1: i / 8 }),
      detection({ y1: i / 8 + 30 }),
      detection({ x2: 120 + i / 8 }),
      detection({ y2: 71 + i / 8 }),
      detection({ score: 0.2 + i / 1000 }),
    ]).flat();
    // One list each: two equal hashes in one list would have been mended.
    const ids = detections.map((one) => detectionsToRegions([one], image, mapping, 0)[0]?.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^fl-[0-9a-f]{8}$/u);
  });
});

const size = fc.integer({ min: 1, max: 20_000 });
const unit = fc.double({ min: -0.5, max: 1.5, noNaN: true });

describe('properties', () => {
  test('a box inside the image comes back within a thousandth of a pixel', () => {
    const inside = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(size, size, inside, inside, inside, inside, (width, height, a, b, c, d) => {
        const box = {
          x1: Math.min(a, b) * width,
          x2: Math.max(a, b) * width,
          y1: Math.min(c, d) * height,
          y2: Math.max(c, d) * height,
        };
        fc.pre(box.x2 - box.x1 > 1e-3 && box.y2 - box.y1 > 1e-3);
        const [region] = detectionsToRegions([detection(box)], { width, height }, mapping, 0);
        if (region === undefined) throw new Error('the box was dropped');
        const back = regionToBox(region);
        for (const side of ['x1', 'y1', 'x2', 'y2'] as const)
          expect(Math.abs(back[side] - box[side])).toBeLessThan(1e-3);
      }),
    );
  });

  test('of a box that leaves the image, the part inside comes back, in upright pixels', () => {
    fc.assert(
      fc.property(size, size, fc.boolean(), unit, unit, unit, unit, (stored, other, turned, a, b, c, d) => {
        // EXIF orientations 5 to 8 swap the sides: regions are of the image as people see it.
        const upright = turned ? { width: other, height: stored } : { width: stored, height: other };
        const box = {
          x1: Math.min(a, b) * upright.width,
          x2: Math.max(a, b) * upright.width,
          y1: Math.min(c, d) * upright.height,
          y2: Math.max(c, d) * upright.height,
        };
        const inside = {
          x1: Math.min(Math.max(box.x1, 0), upright.width),
          x2: Math.min(Math.max(box.x2, 0), upright.width),
          y1: Math.min(Math.max(box.y1, 0), upright.height),
          y2: Math.min(Math.max(box.y2, 0), upright.height),
        };
        const [region] = detectionsToRegions([detection(box)], upright, mapping, 0);
        if (region === undefined) {
          expect(Math.min(inside.x2 - inside.x1, inside.y2 - inside.y1)).toBeLessThan(1e-9);
          return;
        }
        expect([region.original_width, region.original_height]).toEqual([upright.width, upright.height]);
        const back = regionToBox(region);
        for (const side of ['x1', 'y1', 'x2', 'y2'] as const)
          expect(Math.abs(back[side] - inside[side])).toBeLessThan(1e-6);
      }),
    );
  });

  test('no region leaves the image, whatever the box', () => {
    fc.assert(
      fc.property(size, size, fc.array(fc.tuple(unit, unit, unit, unit)), (width, height, boxes) => {
        const detections = boxes.map(([x1, y1, x2, y2]) =>
          detection({ x1: x1 * width, y1: y1 * height, x2: x2 * width, y2: y2 * height }),
        );
        const regions = detectionsToRegions(detections, { width, height }, mapping, 0);
        for (const { value } of regions) {
          expect(value.x).toBeGreaterThanOrEqual(0);
          expect(value.y).toBeGreaterThanOrEqual(0);
          expect(value.width).toBeGreaterThan(0);
          expect(value.height).toBeGreaterThan(0);
          expect(value.x + value.width).toBeLessThanOrEqual(100 + 1e-9);
          expect(value.y + value.height).toBeLessThanOrEqual(100 + 1e-9);
        }
        expect(new Set(regions.map((region) => region.id)).size).toBe(regions.length);
      }),
    );
  });
});

describe('regionToBox', () => {
  /** The box around the corners, each turned on its own: clockwise on the screen, where y points down. */
  function around(x: number, y: number, width: number, height: number, degrees: number) {
    const angle = (degrees / 180) * Math.PI;
    const corners = [
      [0, 0],
      [width, 0],
      [0, height],
      [width, height],
    ].map(([dx = 0, dy = 0]) => {
      const [distance, direction] = [Math.hypot(dx, dy), Math.atan2(dy, dx)];
      return [
        x + distance * Math.cos(direction + angle),
        y + distance * Math.sin(direction + angle),
      ] as const;
    });
    const [xs, ys] = [corners.map(([px]) => px), corners.map(([, py]) => py)];
    return { x1: Math.min(...xs), y1: Math.min(...ys), x2: Math.max(...xs), y2: Math.max(...ys) };
  }

  test('turns a rotated region into the box around it', () => {
    const region = (rotation: number) => ({
      original_width: 200,
      original_height: 100,
      value: { x: 50, y: 50, width: 10, height: 10, rotation },
    });
    // 20 x 10 pixels at (100, 50), turned clockwise around that corner.
    const box = regionToBox(region(90));
    expect(box.x1).toBeCloseTo(90);
    expect(box.y1).toBeCloseTo(50);
    expect(box.x2).toBeCloseTo(100);
    expect(box.y2).toBeCloseTo(70);
    expect(regionToBox(region(-90)).y1).toBeCloseTo(30);
  });

  test('holds the four turned corners, whatever the angle', () => {
    const share = fc.double({ min: 0, max: 100, noNaN: true });
    fc.assert(
      fc.property(
        share,
        share,
        share,
        share,
        fc.double({ min: -720, max: 720, noNaN: true }),
        (x, y, width, height, rotation) => {
          const image = { original_width: 640, original_height: 480 };
          const got = regionToBox({ ...image, value: { x, y, width, height, rotation } });
          const [left, top, wide, high] = [x * 6.4, y * 4.8, width * 6.4, height * 4.8];
          const wanted = around(left, top, wide, high, rotation);
          for (const side of ['x1', 'y1', 'x2', 'y2'] as const)
            expect(got[side]).toBeCloseTo(wanted[side], 6);
        },
      ),
    );
  });

  test('a region without a rotation is not turned', () => {
    const value = { x: 10, y: 20, width: 30, height: 40 };
    const image = { original_width: 1000, original_height: 100 };
    expect(regionToBox({ ...image, value })).toEqual({ x1: 100, y1: 20, x2: 400, y2: 60 });
    expect(regionToBox({ ...image, value: { ...value, rotation: 0 } })).toEqual(
      regionToBox({ ...image, value }),
    );
  });
});

test('toPrediction carries the mean score, 0 for nothing found', () => {
  const regions = detectionsToRegions(
    [detection({ score: 0.9 }), detection({ score: 0.5 })],
    image,
    mapping,
    0,
  );
  expect(toPrediction(7, regions, 'm-1')).toEqual({
    task: 7,
    result: regions,
    score: 0.7,
    model_version: 'm-1',
  });
  expect(toPrediction(7, [], 'm-1').score).toBe(0);
});
