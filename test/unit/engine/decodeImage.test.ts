import sharp from 'sharp';
import type { Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import type { PixelImage } from '../../../src/detector/types.ts';
import { decodeImage } from '../../../src/engine/native/decodeImage.ts';
import { profiledImages } from '../../support/colourProfile.ts';
import { drawing } from '../../support/tinyModelNode.ts';

const raw = { width: 2, height: 1 } as const;
const pixels = ({ data }: PixelImage) => [...data];
const profiled = await profiledImages();

describe('pixels are those that cv2.imread gives', () => {
  test('alpha is dropped, not blended: what lies under transparent pixels counts', async () => {
    const rgba = Buffer.from([10, 20, 30, 0, 40, 50, 60, 128]);
    const png = await sharp(rgba, { raw: { ...raw, channels: 4 } })
      .png()
      .toBuffer();
    expect(pixels(await decodeImage(png))).toEqual([10, 20, 30, 40, 50, 60]);
  });

  test('gray becomes three equal channels', async () => {
    const png = await sharp(Buffer.from([7, 200]), { raw: { ...raw, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect(pixels(await decodeImage(png))).toEqual([7, 7, 7, 200, 200, 200]);
  });

  test('of 16 bits the upper eight are taken', async () => {
    const deep = new Uint16Array([0x0aff, 0x14ff, 0x1eff, 0x0100, 0xfeff, 0xffff]);
    const png = await sharp(deep, { raw: { ...raw, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect(pixels(await decodeImage(png))).toEqual([0x0a, 0x14, 0x1e, 0x01, 0xfe, 0xff]);
  });

  test('CMYK is multiplied out, without a profile', async () => {
    const source = drawing(32, 24).toColourspace('cmyk');
    const jpeg = await source.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer();
    const decoded = await decodeImage(jpeg);
    const inks = await sharp(jpeg, { ignoreIcc: true })
      .pipelineColourspace('cmyk')
      .toColourspace('cmyk')
      .raw()
      .toBuffer();
    const at = 5 * 32 + 9;
    const [c = 0, m = 0, y = 0, k = 0] = inks.subarray(at * 4, at * 4 + 4);
    const light = 255 - k;
    const expected = [c, m, y].map((ink) => light - ((ink * light) >> 8));
    expect([...decoded.data.subarray(at * 3, at * 3 + 3)]).toEqual(expected);
  });

  test.each(profiled)('a colour profile changes nothing: $name', async (image) => {
    const expected = await decodeImage(image.plain);
    expect((await decodeImage(image.profiled)).data).toEqual(expected.data);
    // It is one that viewers obey.
    const seen = await sharp(image.profiled).toColourspace('srgb').raw().toBuffer();
    const moved = seen.map((value, i) => Math.abs(value - (expected.data[i] ?? 0)));
    expect(Math.max(...moved)).toBeGreaterThan(10);
  });

  test('EXIF orientation is applied, turned and mirrored', async () => {
    const upright = await drawing(40, 24).png().toBuffer();
    const reference = await decodeImage(upright);
    const stored: Record<number, (image: Sharp) => Sharp> = {
      1: (image) => image,
      2: (image) => image.flop(),
      3: (image) => image.rotate(180),
      4: (image) => image.flip(),
      6: (image) => image.rotate(270),
      8: (image) => image.rotate(90),
    };
    for (const [orientation, turn] of Object.entries(stored)) {
      const file = await turn(sharp(upright))
        .withMetadata({ orientation: Number(orientation) })
        .tiff({ compression: 'lzw' })
        .toBuffer();
      const decoded = await decodeImage(file);
      expect([decoded.width, decoded.height], `orientation ${orientation}`).toEqual([40, 24]);
      expect(
        Buffer.from(decoded.data).equals(Buffer.from(reference.data)),
        `orientation ${orientation}`,
      ).toBe(true);
    }
  });

  test('a WebP is not turned: neither browsers nor OpenCV do', async () => {
    const webp = await drawing(40, 24).withMetadata({ orientation: 6 }).webp({ lossless: true }).toBuffer();
    expect(await decodeImage(webp)).toMatchObject({ width: 40, height: 24 });
  });

  test('of an animation the first frame is taken', async () => {
    const frames = Buffer.from([255, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 255]);
    const gif = await sharp(frames, { raw: { width: 2, height: 2, channels: 3, pageHeight: 1 } })
      .gif()
      .toBuffer();
    const decoded = await decodeImage(gif);
    expect([decoded.width, decoded.height]).toEqual([2, 1]);
    expect(pixels(decoded)).toEqual([255, 0, 0, 255, 0, 0]);
  });
});

describe('bad files are refused with a code', () => {
  const cases: readonly (readonly [
    name: string,
    code: string,
    make: () => Promise<Uint8Array> | Uint8Array,
  ])[] = [
    ['no bytes', 'image-empty', () => new Uint8Array(0)],
    ['a web page', 'image-not-an-image', () => Buffer.from('<!doctype html><title>Log in</title>')],
    [
      'a cut-off JPEG',
      'image-truncated',
      async () => (await drawing(200, 200).jpeg().toBuffer()).subarray(0, 2000),
    ],
    [
      'a cut-off PNG',
      'image-truncated',
      async () => (await drawing(200, 200).png().toBuffer()).subarray(0, 2000),
    ],
    ['the first bytes of a JPEG alone', 'image-truncated', () => Buffer.from([0xff, 0xd8, 0xff, 0xe0])],
    ['more pixels than fit in memory', 'image-too-large', () => hugePng(30_000, 20_000)],
  ];
  test.each(cases)('%s: %s', async (_name, code, make) => {
    await expect(decodeImage(await make())).rejects.toMatchObject({ name: 'EngineError', code });
  });
});

/** Only the header of a PNG: who decodes it before looking at its size fails otherwise. */
function hugePng(width: number, height: number): Uint8Array {
  const header = Buffer.from(
    '89504e470d0a1a0a0000000d49484452000000000000000008020000000000000000000000',
    'hex',
  );
  header.writeUInt32BE(width, 16);
  header.writeUInt32BE(height, 20);
  return header;
}
