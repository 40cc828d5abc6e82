import { expect, test } from 'vitest';
import { decodeBitmap } from '../../../src/engine/client/decodeBitmap.ts';

const square = async (side: number): Promise<Blob> => {
  const canvas = new OffscreenCanvas(side, side);
  canvas.getContext('2d')?.fillRect(0, 0, side, side);
  return canvas.convertToBlob({ type: 'image/jpeg' });
};

test('an image of more than 32 megapixels is decoded when its turn comes', async () => {
  const waited: boolean[] = [];
  const turn = () => {
    waited.push(true);
    return Promise.resolve();
  };
  (await decodeBitmap(await square(5700), turn)).close();
  expect(waited).toHaveLength(1);
  const given = decodeBitmap(await square(5700), () => Promise.reject(new Error('given up')));
  await expect(given).rejects.toThrow('given up');
});

test('a smaller one does not wait', async () => {
  (await decodeBitmap(await square(1000), () => Promise.reject(new Error('waited')))).close();
});
