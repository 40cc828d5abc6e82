import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { prepareImage } from '../../../../../src/relay/training/collect/prepareImage.ts';
import { decodeImage } from '../../../../../src/engine/native/decodeImage.ts';
import { orientedJpeg } from '../../../../support/orientedImage.ts';

/** Upright, wider than high, no two corners alike. */
const picture = async () => {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><rect width="60" height="40" fill="#808080"/>
    <rect width="30" height="20" fill="#c02020"/><rect x="30" width="30" height="20" fill="#20c020"/><rect y="20" width="30" height="20" fill="#2020c0"/></svg>`;
  return sharp(Buffer.from(svg)).removeAlpha().png().toBuffer();
};

/** Mean difference of two images' pixels in grey levels. */
async function difference(a: Uint8Array, b: Uint8Array): Promise<number> {
  const [one, other] = [await decodeImage(a), await decodeImage(b)];
  expect([one.width, one.height]).toEqual([other.width, other.height]);
  let sum = 0;
  for (const [index, value] of one.data.entries()) sum += Math.abs(value - (other.data[index] ?? 0));
  return sum / one.data.length;
}

function bitmap(width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(54 + width * height * 4);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, 54, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, -height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 32, true);
  return bytes;
}

test.each(['jpeg', 'png', 'webp'] as const)('a straight %s stays as it is', async (format) => {
  const bytes = await sharp(await picture())
    .toFormat(format)
    .toBuffer();
  const prepared = await prepareImage(bytes);
  expect(prepared).toMatchObject({ extension: format === 'jpeg' ? 'jpg' : format, width: 60, height: 40 });
  expect(prepared.bytes).toBe(bytes);
});

test('a bitmap stays as it is, unless it is cut off', async () => {
  const bytes = bitmap(6, 4);
  expect(await prepareImage(bytes)).toEqual({ bytes, extension: 'bmp', width: 6, height: 4 });
  await expect(prepareImage(bytes.slice(0, -20))).rejects.toMatchObject({ code: 'image-truncated' });
  await expect(prepareImage(bytes.slice(0, 30))).rejects.toMatchObject({ code: 'image-truncated' });
});

test.each([2, 3, 4, 5, 6, 7, 8])('a photo of EXIF orientation %i is made upright', async (orientation) => {
  const upright = await picture();
  const prepared = await prepareImage(await orientedJpeg(upright, orientation));
  expect(prepared).toMatchObject({ extension: 'jpg', width: 60, height: 40 });
  expect((await sharp(prepared.bytes).metadata()).orientation).toBeUndefined();
  expect(await difference(prepared.bytes, upright)).toBeLessThan(4);
});

test.each(['gif', 'tiff', 'avif'] as const)('a %s becomes a PNG', async (format) => {
  const bytes = await sharp(await picture())
    .toFormat(format)
    .toBuffer();
  const prepared = await prepareImage(bytes);
  expect(prepared).toMatchObject({ extension: 'png', width: 60, height: 40 });
  expect(await difference(prepared.bytes, bytes)).toBe(0);
});

test.each(['webp', 'gif'] as const)('of an animated %s, the first frame', async (format) => {
  const frames = [
    await picture(),
    await sharp(await picture())
      .flip()
      .png()
      .toBuffer(),
  ];
  const bytes = await sharp(frames, { join: { animated: true } })
    .toFormat(format, { lossless: true })
    .toBuffer();
  expect((await sharp(bytes).metadata()).pages).toBe(2);
  const prepared = await prepareImage(bytes);
  expect(prepared).toMatchObject({ extension: 'png', width: 60, height: 40 });
  expect(await difference(prepared.bytes, await picture())).toBeLessThan(2);
});

test('what turns an image for one reader and not for another is taken out', async () => {
  const webp = await sharp(await picture())
    .withMetadata({ orientation: 6 })
    .webp({ lossless: true })
    .toBuffer();
  expect(await prepareImage(webp)).toMatchObject({ extension: 'png', width: 60, height: 40 });
  const xmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>`;
  const jpeg = await sharp(await picture())
    .withXmp(xmp)
    .jpeg()
    .toBuffer();
  const prepared = await prepareImage(jpeg);
  expect(prepared.bytes).not.toBe(jpeg);
  expect(prepared).toMatchObject({ extension: 'jpg', width: 60, height: 40 });
});

describe('refused', () => {
  test.each(['jpeg', 'png', 'webp'] as const)('a %s that is cut off', async (format) => {
    const noise = sharp({
      create: {
        width: 200,
        height: 200,
        channels: 3,
        background: 'red',
        noise: { type: 'gaussian', mean: 128, sigma: 40 },
      },
    });
    const bytes = await noise.toFormat(format).toBuffer();
    await expect(prepareImage(bytes.subarray(0, bytes.length * 0.6))).rejects.toMatchObject({
      code: 'image-truncated',
    });
  });

  test('what is no image', async () => {
    const text = new TextEncoder().encode('<html>sign in</html>');
    await expect(prepareImage(text)).rejects.toMatchObject({ code: 'image-not-an-image' });
    await expect(prepareImage(new Uint8Array())).rejects.toMatchObject({ code: 'image-empty' });
  });

  test('a header of a gigapixel, before any of it is decoded', async () => {
    const bytes = new Uint8Array(
      await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
        .png()
        .toBuffer(),
    );
    const view = new DataView(bytes.buffer);
    for (const [width, height] of [
      [40_000, 40_000],
      [15_000, 15_000],
    ] as const) {
      view.setUint32(16, width);
      view.setUint32(20, height);
      const before = process.memoryUsage().rss;
      await expect(prepareImage(bytes)).rejects.toMatchObject({
        code: expect.stringMatching(/^image-/u) as string,
      });
      expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
    }
  });
});
