import { expect, it } from 'vitest';
import { fileSource } from '../../../src/prelabel/fileSource.ts';
import type { SourceItem } from '../../../src/prelabel/types.ts';

const { signal } = new AbortController();

it('reads a file when it is its turn, and says which one cannot be read', async () => {
  const opened: string[] = [];
  const source = fileSource('folder:pictures', 'pictures', [
    {
      path: 'a/1.jpg',
      blob: () => {
        opened.push('a/1.jpg');
        return Promise.resolve(new Blob(['bytes']));
      },
    },
    { path: 'gone.jpg', blob: () => Promise.reject(new DOMException('x', 'NotFoundError')) },
  ]);
  expect(await source.count(signal)).toBe(2);
  const items: SourceItem[] = [];
  for await (const item of source.items(signal)) items.push(item);
  expect(items.map(({ key, name, taskId }) => [key, name, taskId])).toEqual([
    ['file:a/1.jpg', 'a/1.jpg', null],
    ['file:gone.jpg', 'gone.jpg', null],
  ]);
  expect(opened).toEqual([]);
  expect(await (await items[0]?.load(signal))?.text()).toBe('bytes');
  await expect(items[1]?.load(signal)).rejects.toMatchObject({
    code: 'file-unreadable',
    message: expect.stringMatching(/^gone\.jpg could not be read\. .*pick it again\.$/u) as unknown,
  });
});
