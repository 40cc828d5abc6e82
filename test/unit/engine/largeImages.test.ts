import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodeImage } from '../../../src/engine/native/decodeImage.ts';
import { timedDecode } from '../../../src/engine/timedDecode.ts';

const square = (side: number): Promise<Buffer> =>
  sharp({ create: { width: side, height: side, channels: 3, background: 'red' } })
    .png({ compressionLevel: 1 })
    .toBuffer();

test('an image of more than 32 megapixels is decoded when its turn comes, and its time is without the wait', async () => {
  const large = await square(5700);
  let asked = false;
  let come: () => void = () => undefined;
  const turn = new Promise<void>((resolve) => (come = resolve));
  const begun = performance.now();
  const decoding = timedDecode(
    (atItsTurn) =>
      decodeImage(large, async () => {
        asked = true;
        await atItsTurn();
      }),
    turn,
  );
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(asked).toBe(true);
  come();
  const [pixels, ms] = await decoding;
  expect(pixels.width).toBe(5700);
  expect(performance.now() - begun - ms).toBeGreaterThan(900);
});

test('a smaller one does not wait', async () => {
  const pixels = await decodeImage(await square(1000), () => Promise.reject(new Error('waited')));
  expect(pixels.width).toBe(1000);
});
