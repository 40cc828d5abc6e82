import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ManifestInput } from '../../../src/detector/manifest.ts';
import { preprocess } from '../../../src/detector/preprocess.ts';
import { preprocessSimd } from '../../../src/detector/preprocessSimd.ts';
import { PixelsError, planResize } from '../../../src/detector/resizePlan.ts';
import { columnTaps, rowTaps } from '../../../src/detector/resizeTaps.ts';
import type { PixelImage, ResizePlan } from '../../../src/detector/types.ts';
import { hashedBytes, readFixture, unpack } from './fixtures.ts';

interface ResizeFixture {
  /** [source width, source height, CRC-32 of all 81 targets] */
  readonly small: readonly [number, number, number][];
  readonly large: readonly {
    width: number;
    height: number;
    rgb: string;
    targets: readonly { width: number; height: number; rgb: string }[];
  }[];
  /** [source width, source height, target width, target height, CRC-32] */
  readonly big: readonly [number, number, number, number, number][];
}

const fixture = readFixture('resize') as ResizeFixture;

const plain: ManifestInput = {
  tensor: 'input',
  channelOrder: 'rgb',
  mean: [0, 0, 0],
  std: [1, 1, 1],
  resize: { rule: 'keep-ratio', width: 1333, height: 800 },
  padDivisor: 1,
};

function stretchTo(width: number, height: number): ManifestInput {
  return { ...plain, resize: { rule: 'stretch', width, height } };
}

/** The twin and the SIMD kernel: what holds for one holds for the other. */
const both = [
  ['preprocess', preprocess],
  ['preprocessSimd', preprocessSimd],
] as const;

/** The resized image alone, back in bytes and interleaved. */
function resized(run: typeof preprocess, image: PixelImage, width: number, height: number): Uint8Array {
  const input = stretchTo(width, height);
  const planes = run(image, planResize(image.width, image.height, input), input);
  const area = width * height;
  return Uint8Array.from(
    { length: planes.length },
    (_, i) => planes[(i % 3) * area + Math.floor(i / 3)] ?? 0,
  );
}

function picture(width: number, height: number, data: Uint8Array): PixelImage {
  return { width, height, channels: 3, data };
}

describe.each(both)('the resize of %s is cv2 INTER_LINEAR bit for bit', (_, run) => {
  it.each(fixture.small)('from %i x %i to every size 1..9', (width, height, crc) => {
    let got = 0;
    for (let w = 1; w <= 9; w++) {
      for (let h = 1; h <= 9; h++) {
        const start = ((width * 10 + height) * 10 + w) * 10 + h;
        const source = picture(width, height, hashedBytes(width * height * 3, start));
        got = crc32(resized(run, source, w, h), got);
      }
    }
    expect(got).toBe(crc);
  });

  it.each(fixture.large.flatMap((source) => source.targets.map((target) => ({ source, target }))))(
    'on an image: $source.width x $source.height to $target.width x $target.height',
    ({ source, target }) => {
      const image = picture(source.width, source.height, unpack(source.rgb));
      expect(Buffer.compare(resized(run, image, target.width, target.height), unpack(target.rgb))).toBe(0);
    },
  );

  it.each(fixture.big)('%i x %i to %i x %i', (width, height, w, h, crc) => {
    expect(crc32(resized(run, picture(width, height, hashedBytes(width * height * 3)), w, h))).toBe(crc);
  });
});

/**
 * cv2's algorithm again, a pixel at a time and without tables: what the fixtures hold for some sizes, for all of them.
 * Source: OpenCV 4, `imgproc/src/resize.cpp`.
 */
function cv2Linear(image: PixelImage, width: number, height: number): Uint8Array {
  const axis = (source: number, target: number, at: number) => {
    const position = Math.fround((at + 0.5) * (1 / (target / source)) - 0.5);
    const floor = Math.floor(position);
    return { floor, fraction: Math.fround(position - floor) };
  };
  const inside = (index: number, size: number) => (index < 0 ? 0 : index >= size ? size - 1 : index);
  const weight = (share: number) => {
    const scaled = Math.fround(Math.fround(share) * 2048);
    const down = Math.floor(scaled);
    if (scaled - down === 0.5) return down + (down & 1);
    return Math.round(scaled);
  };
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const row = axis(image.height, height, y);
    for (let x = 0; x < width; x++) {
      const column = axis(image.width, width, x);
      if (column.floor < 0 || column.floor >= image.width - 1) column.fraction = 0;
      for (let channel = 0; channel < 3; channel++) {
        const strip = (sourceRow: number) => {
          const pixel = (sourceColumn: number) => {
            const place = inside(sourceRow, image.height) * image.width + inside(sourceColumn, image.width);
            return image.data[place * image.channels + channel] ?? NaN;
          };
          const sum = pixel(column.floor) * weight(1 - column.fraction);
          return (sum + pixel(column.floor + 1) * weight(column.fraction)) >> 4;
        };
        const upper = (strip(row.floor) * weight(1 - row.fraction)) >> 16;
        const lower = (strip(row.floor + 1) * weight(row.fraction)) >> 16;
        out[(y * width + x) * 3 + channel] = (upper + lower + 2) >> 2;
      }
    }
  }
  return out;
}

describe('the resize is cv2 INTER_LINEAR at any size', () => {
  it.each(fixture.small.filter(([w, h]) => (w + h) % 3 === 0))(
    'the oracle is cv2 itself from %i x %i',
    (width, height, crc) => {
      let got = 0;
      for (let w = 1; w <= 9; w++) {
        for (let h = 1; h <= 9; h++) {
          const start = ((width * 10 + height) * 10 + w) * 10 + h;
          got = crc32(cv2Linear(picture(width, height, hashedBytes(width * height * 3, start)), w, h), got);
        }
      }
      expect(got).toBe(crc);
    },
  );

  it.each(both)('%s equals the oracle', (_, run) => {
    const side = fc.integer({ min: 1, max: 90 });
    const byte = fc.constantFrom<(i: number) => number>(
      (i) => hashedBytes(1, i)[0] ?? 0,
      (i) => (i % 2) * 255,
      (i) => 255 - (i % 3),
    );
    fc.assert(
      fc.property(side, side, side, side, byte, (width, height, w, h, value) => {
        const image = picture(
          width,
          height,
          Uint8Array.from({ length: width * height * 3 }, (_, i) => value(i)),
        );
        expect(Buffer.compare(resized(run, image, w, h), cv2Linear(image, w, h))).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

describe('tap tables', () => {
  const side = fc.integer({ min: 1, max: 4000 });

  it('stay in the image, and their weights add up to 2048 within rounding', () => {
    fc.assert(
      fc.property(side, side, fc.constantFrom(columnTaps, rowTaps), (src, dst, taps) => {
        const table = taps(src, dst);
        expect(table).toHaveLength(4 * dst);
        for (let at = 0; at < table.length; at += 4) {
          const [i0 = -1, i1 = -1, w0 = -1, w1 = -1] = table.subarray(at, at + 4);
          if (i0 < 0 || i1 < i0 || i1 > i0 + 1 || i1 >= src) throw new Error(`taps ${i0}, ${i1} of ${src}`);
          if (w0 < 0 || w1 < 0 || Math.abs(w0 + w1 - 2048) > 1) throw new Error(`weights ${w0}, ${w1}`);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('drop the fraction at the borders of a row, and keep it at those of a column', () => {
    const between = [0, 1, 1792, 256, 0, 1, 1280, 768, 0, 1, 768, 1280, 0, 1, 256, 1792];
    const columns = [0, 0, 2048, 0, 0, 0, 2048, 0, ...between, 1, 1, 2048, 0, 1, 1, 2048, 0];
    expect([...columnTaps(2, 8)]).toEqual(columns);
    const rows = [0, 0, 768, 1280, 0, 0, 256, 1792, ...between, 1, 1, 1792, 256, 1, 1, 1280, 768];
    expect([...rowTaps(2, 8)]).toEqual(rows);
  });

  it('leave an image of the right size alone', () => {
    expect([...columnTaps(3, 3)]).toEqual([0, 1, 2048, 0, 1, 2, 2048, 0, 2, 2, 2048, 0]);
    expect([...rowTaps(2, 2)]).toEqual([0, 1, 2048, 0, 1, 1, 2048, 0]);
  });
});

describe('planResize', () => {
  it.each([
    [1333, 800, 1333, 800],
    [800, 1333, 800, 1333],
    [640, 480, 1067, 800],
    [896, 592, 1211, 800],
    [4000, 1000, 1333, 333],
  ])('keeps the ratio of %i x %i: %i x %i', (width, height, newWidth, newHeight) => {
    expect(planResize(width, height, plain)).toMatchObject({ width: newWidth, height: newHeight });
  });

  it('never makes a side less than a pixel', () => {
    expect(planResize(20_000, 1, plain)).toMatchObject({ width: 1333, height: 1, scaleY: 1 });
  });

  it('pads to the divisor, not beyond', () => {
    const plan = planResize(640, 480, { ...plain, padDivisor: 32 });
    expect(plan).toMatchObject({ paddedWidth: 1088, paddedHeight: 800 });
  });

  it('keeps the ratio to within half a pixel', () => {
    const side = fc.integer({ min: 1, max: 20_000 });
    fc.assert(
      fc.property(side, side, (width, height) => {
        const plan = planResize(width, height, plain);
        const scale = Math.min(1333 / Math.max(width, height), 800 / Math.min(width, height));
        const ideal = [width * scale, height * scale].map((length) => Math.max(1, length));
        expect(Math.abs(plan.width - (ideal[0] ?? 0))).toBeLessThanOrEqual(0.5 + 1e-9);
        expect(Math.abs(plan.height - (ideal[1] ?? 0))).toBeLessThanOrEqual(0.5 + 1e-9);
      }),
    );
  });

  it.each([
    [0, 5],
    [5, -1],
    [1.5, 2],
    [Number.NaN, 2],
  ])('refuses an image of %d x %d', (width, height) => {
    expect(() => planResize(width, height, plain)).toThrow(PixelsError);
    expect(() => planResize(width, height, plain)).toThrow(
      expect.objectContaining({
        name: 'PixelsError',
        code: 'pixels-invalid',
        message: `An image of ${width} x ${height} pixels cannot be resized: it has no area.`,
      }),
    );
  });
});

describe.each(both)('%s', (_, run) => {
  const bgr: ManifestInput = {
    ...stretchTo(3, 1),
    channelOrder: 'bgr',
    mean: [103.53, 116.28, 123.675],
    std: [57.375, 57.12, 58.395],
    padDivisor: 4,
  };
  const image: PixelImage = picture(3, 1, Uint8Array.of(255, 0, 10, 0, 128, 20, 7, 9, 30));
  const plan: ResizePlan = planResize(3, 1, bgr);
  const norm = (value: number, channel: number) =>
    Math.fround(
      Math.fround(value - Math.fround(bgr.mean[channel] ?? 0)) / Math.fround(bgr.std[channel] ?? 1),
    );
  const b = [10, 20, 30].map((value) => norm(value, 0));
  const g = [0, 128, 9].map((value) => norm(value, 1));
  const r = [255, 0, 7].map((value) => norm(value, 2));
  const empty = Array.from({ length: 12 }, () => 0);
  const expected = [...b, 0, ...empty, ...g, 0, ...empty, ...r, 0, ...empty];

  it('orders channels, normalises in their order, and pads with zeros after that', () => {
    expect([...run(image, plan, bgr)]).toEqual(expected);
  });

  it('clears what a reused output held', () => {
    const out = new Float32Array(48).fill(7);
    expect(run(image, plan, bgr, out)).toBe(out);
    expect([...out]).toEqual(expected);
  });

  it.each([
    [3, 4, 'to the right alone'],
    [4, 3, 'below alone'],
    [4, 4, 'nowhere'],
  ])('clears it too where %i x %i pixels are padded %s', (width, height) => {
    const input: ManifestInput = { ...bgr, resize: { rule: 'stretch', width, height } };
    const fresh = run(image, planResize(3, 1, input), input);
    const used = run(image, planResize(3, 1, input), input, new Float32Array(48).fill(7));
    expect([...used]).toEqual([...fresh]);
    const zeros = fresh.filter((value) => value === 0).length;
    expect(zeros).toBe(48 - 3 * width * height);
  });

  it('ignores alpha', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 48, maxLength: 48 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        (rgba, w, h) => {
          const rgb = rgba.filter((_, i) => i % 4 !== 3);
          const opaque = resized(run, picture(4, 3, rgb), w, h);
          expect(resized(run, { width: 4, height: 3, channels: 4, data: rgba }, w, h)).toEqual(opaque);
        },
      ),
    );
  });

  it('refuses pixels, plans and outputs that do not belong together', () => {
    expect(() => run({ ...image, data: new Uint8Array(8) }, plan, bgr)).toThrow(/9 bytes, but has 8/u);
    expect(() => run(image, planResize(4, 1, bgr), bgr)).toThrow(/planned for 4 x 1/u);
    expect(() => run(image, planResize(3, 2, bgr), bgr)).toThrow(/planned for 3 x 2 .* has 3 x 1/u);
    expect(() => run(image, plan, bgr, new Float32Array(47))).toThrow(/48 elements, but holds 47/u);
  });
});
