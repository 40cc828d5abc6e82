/**
 * Awkward image files, drawn here so that no checkout lacks them: what must be detected, and what must end as one
 * sentence with its code. Headers that lie about their size are a few bytes long; whoever believed them would need
 * 12 GB.
 */
import sharp from 'sharp';
import { orientedJpeg } from './orientedImage.ts';
import { drawing } from './tinyModelNode.ts';

export interface DrawnHardImage {
  readonly name: string;
  readonly bytes: Buffer;
  /** Size of the upright image, or the codes of which one must be given. */
  readonly expected:
    { readonly width: number; readonly height: number } | { readonly codes: readonly string[] };
}

const SIDE = 65_500;

/** A file that claims 65,500 x 65,500 pixels (4.3 gigapixels) and has next to nothing behind its header. */
function bombs(): DrawnHardImage[] {
  const big = { codes: ['image-too-large'] };
  const png = Buffer.alloc(33);
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]).copy(
    png,
  );
  png.writeUInt32BE(SIDE, 16);
  png.writeUInt32BE(SIDE, 20);
  png.set([8, 2, 0, 0, 0], 24);
  const gif = Buffer.alloc(32);
  gif.write('GIF89a', 'latin1');
  gif.writeUInt16LE(SIDE, 6);
  gif.writeUInt16LE(SIDE, 8);
  const bmp = Buffer.alloc(64);
  bmp.write('BM', 'latin1');
  bmp.writeUInt32LE(54, 10);
  bmp.writeUInt32LE(40, 14);
  bmp.writeInt32LE(SIDE, 18);
  // Upside down, as some programs store it.
  bmp.writeInt32LE(-SIDE, 22);
  bmp.writeUInt16LE(1, 26);
  bmp.writeUInt16LE(24, 28);
  const jpeg = Buffer.from([
    0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0, 0, 0, 0, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1,
  ]);
  jpeg.writeUInt16BE(SIDE, 7);
  jpeg.writeUInt16BE(SIDE, 9);
  // A long comment before the size: it is not in the first bytes that are looked at.
  const far = Buffer.concat([
    jpeg.subarray(0, 2),
    ...Array.from({ length: 3 }, () => {
      const segment = Buffer.alloc(2 + 60_000);
      segment.set([0xff, 0xfe]);
      segment.writeUInt16BE(60_000, 2);
      return segment;
    }),
    jpeg.subarray(2),
  ]);
  const webp = Buffer.alloc(40);
  webp.write('RIFF', 0, 'latin1');
  webp.writeUInt32LE(32, 4);
  webp.write('WEBPVP8X', 8, 'latin1');
  webp.writeUInt32LE(10, 16);
  webp.writeUIntLE(SIDE - 1, 24, 3);
  webp.writeUIntLE(SIDE - 1, 27, 3);
  // An icon whose entry says 16 x 16, and whose picture says otherwise.
  const icon = Buffer.alloc(22);
  icon.set([0, 0, 1, 0, 1, 0, 16, 16, 0, 0, 1, 0, 32, 0]);
  icon.writeUInt32LE(png.length, 14);
  icon.writeUInt32LE(22, 18);
  return [
    { name: 'bomb.png', bytes: png, expected: big },
    { name: 'bomb.gif', bytes: gif, expected: big },
    { name: 'bomb.bmp', bytes: bmp, expected: big },
    { name: 'bomb.jpg', bytes: jpeg, expected: big },
    { name: 'bomb-far.jpg', bytes: far, expected: big },
    { name: 'bomb.webp', bytes: webp, expected: big },
    {
      name: 'bomb.ico',
      bytes: Buffer.concat([icon, png]),
      expected: { codes: ['image-too-large', 'image-truncated', 'image-unsupported', 'image-not-an-image'] },
    },
  ];
}

/** All of them. */
export async function drawnHardImages(): Promise<readonly DrawnHardImage[]> {
  const upright = await drawing(64, 48).png().toBuffer();
  const jpeg = await drawing(64, 48).jpeg().toBuffer();
  const size = { width: 64, height: 48 };
  const turned = await Promise.all(
    [1, 2, 3, 4, 5, 6, 7, 8].map(async (orientation) => ({
      name: `orientation-${orientation}.jpg`,
      bytes: await orientedJpeg(upright, orientation),
      expected: size,
    })),
  );
  const frames = await Promise.all(
    ['red', 'blue'].map((background) =>
      sharp({ create: { width: 20, height: 10, channels: 3, background } })
        .png()
        .toBuffer(),
    ),
  );
  const animated = await sharp(frames, { join: { animated: true } })
    .gif({ delay: [10, 10] })
    .toBuffer();
  const line = (width: number, height: number): Promise<Buffer> =>
    sharp({ create: { width, height, channels: 3, background: 'white' } })
      .png()
      .toBuffer();
  return [
    ...turned,
    ...bombs(),
    { name: 'animated.gif', bytes: animated, expected: { width: 20, height: 10 } },
    {
      name: 'deep.png',
      bytes: await drawing(64, 48).toColourspace('rgb16').png().toBuffer(),
      expected: size,
    },
    { name: 'ink.jpg', bytes: await drawing(64, 48).toColourspace('cmyk').jpeg().toBuffer(), expected: size },
    { name: 'wrong-ending.png', bytes: jpeg, expected: size },
    { name: 'dot.png', bytes: await line(1, 1), expected: { width: 1, height: 1 } },
    { name: 'long.png', bytes: await line(20_000, 1), expected: { width: 20_000, height: 1 } },
    { name: 'high.png', bytes: await line(1, 20_000), expected: { width: 1, height: 20_000 } },
    { name: 'empty.jpg', bytes: Buffer.alloc(0), expected: { codes: ['image-empty'] } },
    { name: 'zeros.jpg', bytes: Buffer.alloc(5000), expected: { codes: ['image-not-an-image'] } },
    { name: 'text.jpg', bytes: Buffer.from('<html>Sign in'), expected: { codes: ['image-not-an-image'] } },
    { name: 'cut.jpg', bytes: jpeg.subarray(0, 300), expected: { codes: ['image-truncated'] } },
    { name: 'cut.png', bytes: upright.subarray(0, 60), expected: { codes: ['image-truncated'] } },
  ];
}
