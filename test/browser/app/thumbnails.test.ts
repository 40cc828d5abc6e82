import { expect, test } from 'vitest';
import { Thumbnails } from '../../../src/app/state/thumbnails.ts';
import { drawJpeg, drawPng, withOrientation } from '../../support/tinyModelImages.ts';

async function sizeOf(url: string): Promise<readonly [number, number]> {
  const bitmap = await createImageBitmap(await (await fetch(url)).blob());
  return [bitmap.width, bitmap.height];
}

test('are upright, at most 480 pixels long, and not enlarged', async () => {
  const thumbnails = new Thumbnails();
  const turned = await withOrientation(await drawJpeg(1600, 1200), 6);
  const { url } = await thumbnails.get('large', () => Promise.resolve(turned));
  expect(await sizeOf(url)).toEqual([360, 480]);
  const small = await thumbnails.get('small', () => drawPng(30, 20));
  expect(await sizeOf(small.url)).toEqual([30, 20]);
  expect(thumbnails.peek('small')).toBe(small.url);
  thumbnails.clear();
  await expect
    .poll(() =>
      fetch(url).then(
        () => 'there',
        () => 'gone',
      ),
    )
    .toBe('gone');
});

test('what cannot be shown says so in words, and is tried anew when asked for again', async () => {
  const thumbnails = new Thumbnails();
  const rubbish = new Blob(['<html>Sign in']);
  await expect(thumbnails.get('a', () => Promise.resolve(rubbish))).rejects.toThrow(/not an image/u);
  expect(thumbnails.peek('a')).toBeNull();
  const { url } = await thumbnails.get('a', () => drawPng(30, 20));
  expect(await sizeOf(url)).toEqual([30, 20]);
});

test('the last one asked for is made first, and those out of view are not made at all', async () => {
  const thumbnails = new Thumbnails();
  const made: string[] = [];
  const gone = new AbortController();
  const get = (key: string, signal?: AbortSignal): Promise<unknown> =>
    thumbnails
      .get(
        key,
        () => {
          made.push(key);
          return drawPng(30, 20);
        },
        signal,
      )
      .catch((error: unknown) => (error as Error).name);
  // Two are begun at once; the others wait.
  const all = [get('1'), get('2'), get('3', gone.signal), get('4', gone.signal), get('5'), get('6')];
  const wantedTwice = get('4');
  gone.abort();
  const ends = await Promise.all(all);
  await wantedTwice;
  expect(made).toEqual(['1', '2', '6', '5', '4']);
  expect(ends[2]).toBe('AbortError');
});

test('no more than 240 are kept', async () => {
  const thumbnails = new Thumbnails();
  const picture = await drawPng(8, 8);
  const first = await thumbnails.get('0', () => Promise.resolve(picture));
  for (let i = 1; i <= 240; i++) void thumbnails.get(String(i), () => Promise.resolve(picture));
  await thumbnails.get('240', () => Promise.resolve(picture));
  expect(thumbnails.peek('0')).toBeNull();
  await expect
    .poll(() =>
      fetch(first.url).then(
        () => 'there',
        () => 'gone',
      ),
    )
    .toBe('gone');
  thumbnails.clear();
});
