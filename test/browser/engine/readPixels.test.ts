import { expect, test } from 'vitest';
import { commands } from 'vitest/browser';
import { decodeBitmap } from '../../../src/engine/client/decodeBitmap.ts';
import { readPixels } from '../../../src/engine/worker/readPixels.ts';
import { draw, fromBase64 } from '../../support/tinyModelImages.ts';

test('opaque pixels come back as they are, from images wider than a canvas tile too', async () => {
  for (const [width, height] of [
    [60, 40],
    [9000, 5],
    [3, 9000],
  ] as const) {
    const canvas = draw(width, height);
    const expected = canvas.getContext('2d')?.getImageData(0, 0, width, height).data;
    const read = readPixels(await decodeBitmap(await canvas.convertToBlob()));
    expect([read.width, read.height, read.channels]).toEqual([width, height, 4]);
    // Not toEqual: it takes seconds for arrays of this length.
    expect(read.data.every((value, i) => value === expected?.[i])).toBe(true);
  }
});

test('colours under transparent pixels are kept, where a canvas would turn them black', async () => {
  const data = new Uint8ClampedArray([10, 20, 30, 0, 200, 100, 50, 3, 7, 8, 9, 128, 1, 2, 3, 255]);
  const options = { premultiplyAlpha: 'none', colorSpaceConversion: 'none' } as const;
  const bitmap = await createImageBitmap(new ImageData(data, 2, 2), options);
  expect([...readPixels(bitmap).data]).toEqual([...data]);
});

test('a CMYK JPEG has the colours that OpenCV gives it, up to the rounding', async () => {
  const { jpeg, rgb } = await commands.cmykJpeg();
  const expected = new Uint8Array(await fromBase64(rgb).arrayBuffer());
  const { data } = readPixels(await decodeBitmap(fromBase64(jpeg)));
  const off = expected.map((value, i) => Math.abs(value - (data[Math.floor(i / 3) * 4 + (i % 3)] ?? 0)));
  expect(Math.max(...off)).toBeLessThanOrEqual(2);
});

test.each(await commands.profiledImages())('a colour profile changes nothing: $name', async (image) => {
  const expected = readPixels(await decodeBitmap(fromBase64(image.plain))).data;
  const { data } = readPixels(await decodeBitmap(fromBase64(image.profiled)));
  expect(data).toEqual(expected);
  // It is one that browsers obey.
  const seen = readPixels(await createImageBitmap(fromBase64(image.profiled))).data;
  expect(Math.max(...seen.map((value, i) => Math.abs(value - (expected[i] ?? 0))))).toBeGreaterThan(10);
});
