import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { ManifestInput } from '../../../src/detector/manifest.ts';
import { preprocess } from '../../../src/detector/preprocess.ts';
import { preprocessSimd } from '../../../src/detector/preprocessSimd.ts';
import { planResize } from '../../../src/detector/resizePlan.ts';
import type { PixelImage } from '../../../src/detector/types.ts';
import { hashedBytes } from './fixtures.ts';

const coco: ManifestInput = {
  tensor: 'input',
  channelOrder: 'bgr',
  mean: [103.53, 116.28, 123.675],
  std: [57.375, 57.12, 58.395],
  resize: { rule: 'keep-ratio', width: 320, height: 224 },
  padDivisor: 32,
};

const side = fc.integer({ min: 1, max: 70 });

const image = fc
  .record({
    width: side,
    height: side,
    channels: fc.constantFrom<3 | 4>(3, 4),
    seed: fc.nat(1e6),
    make: fc.constantFrom<(bytes: Uint8Array) => Uint8Array | Uint8ClampedArray>(
      (bytes) => bytes,
      (bytes) => new Uint8ClampedArray(bytes),
      (bytes) => Uint8Array.of(9, 9, 9, ...bytes, 9).subarray(3, 3 + bytes.length),
      (bytes) => bytes.fill(255),
    ),
  })
  .map(({ seed, make, ...size }): PixelImage => {
    const bytes = hashedBytes(size.width * size.height * size.channels, seed);
    return { ...size, data: make(bytes) };
  });

const three = <T>(one: fc.Arbitrary<T>) => fc.tuple(one, one, one);

const input = fc.record<ManifestInput>({
  tensor: fc.constant('input'),
  channelOrder: fc.constantFrom('rgb', 'bgr'),
  mean: three(fc.double({ min: -10, max: 260, noNaN: true })),
  std: three(fc.double({ min: 0.01, max: 260, noNaN: true })),
  resize: fc.record({ rule: fc.constantFrom('keep-ratio', 'stretch'), width: side, height: side }),
  padDivisor: fc.constantFrom(1, 4, 7, 32),
});

/** Throws where an element differs in a bit. */
function assertTwin(image: PixelImage, input: ManifestInput): void {
  const plan = planResize(image.width, image.height, input);
  const expected = preprocess(image, plan, input);
  const got = preprocessSimd(image, plan, input, new Float32Array(expected.length).fill(7));
  expect(Buffer.compare(Buffer.from(got.buffer), Buffer.from(expected.buffer))).toBe(0);
}

function filled(width: number, height: number, channels: 3 | 4): PixelImage {
  return { width, height, channels, data: hashedBytes(width * height * channels, width) };
}

describe('preprocessSimd', () => {
  it('is its twin to the bit, whatever the image, the size and the manifest', () => {
    fc.assert(
      fc.property(image, input, (image, input) => assertTwin(image, input)),
      { numRuns: 400 },
    );
  });

  it.each([
    [896, 592, 3],
    [896, 592, 4],
    [20_000, 1, 3],
    [1, 20_000, 4],
  ] as const)('is it from %i x %i with %i channels too', (width, height, channels) => {
    assertTwin(filled(width, height, channels), coco);
  });

  it('takes nothing of one image into the next, of whatever size', () => {
    const wide: ManifestInput = { ...coco, resize: { rule: 'stretch', width: 9001, height: 3 } };
    const one = { ...coco, resize: { rule: 'stretch', width: 1, height: 1 } } as const;
    const images = [filled(30_000, 2, 4), filled(5, 5, 3), filled(60_000, 2, 4), filled(31, 17, 4)];
    for (const input of [coco, wide, one, coco]) {
      for (const image of images) assertTwin(image, input);
    }
  });

  it('reads no further than its memory, where a row ends with a page of it', async () => {
    // A new instance has no memory from images before. At this width a row would end with the second page, and what is
    // read behind it lies in a third.
    vi.resetModules();
    const fresh = await import('../../../src/detector/preprocessSimd.ts');
    const image = filled(2340, 1, 4);
    const input: ManifestInput = {
      ...coco,
      resize: { rule: 'stretch', width: 2340, height: 1 },
      padDivisor: 1,
    };
    const plan = planResize(2340, 1, input);
    expect([...fresh.preprocessSimd(image, plan, input)]).toEqual([...preprocess(image, plan, input)]);
  });
});
