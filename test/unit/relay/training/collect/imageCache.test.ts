import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ImageCache } from '../../../../../src/relay/training/collect/imageCache.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forelabel-cache-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const png = (background: string) =>
  sharp({ create: { width: 9, height: 7, channels: 3, background } })
    .png()
    .toBuffer();

/** An image on a server that counts how often it sends its bytes. */
function served(
  bytes: Buffer,
  { isFixed = true, tag = null as string | null, address = 'http://h/a.png' } = {},
) {
  const source = {
    address,
    isFixed,
    asked: 0,
    sent: 0,
    bytes,
    tag,
    fetch(knownTag: string | null) {
      source.asked += 1;
      if (knownTag !== null && knownTag === source.tag) return Promise.resolve('unchanged' as const);
      source.sent += 1;
      return Promise.resolve({ bytes: new Blob([Uint8Array.from(source.bytes)]), tag: source.tag });
    },
  };
  return source;
}

test('a file under its hash, fetched once', async () => {
  const source = served(await png('red'));
  const cache = new ImageCache(folder);
  const image = await cache.get(source);
  expect(image).toMatchObject({ width: 9, height: 7, extension: 'png' });
  expect(image.path).toBe(join(folder, 'images', image.sha256.slice(0, 2), `${image.sha256}.png`));
  expect(await readFile(image.path)).toEqual(source.bytes);
  expect(await new ImageCache(folder).get(source)).toEqual(image);
  expect(source).toMatchObject({ asked: 1, sent: 1 });
});

test('equal images are one file; the address is nowhere in the cache', async () => {
  const bytes = await png('red');
  const cache = new ImageCache(folder);
  const one = await cache.get(served(bytes, { address: 'http://h/a.png?Signature=s3cret' }));
  const other = await cache.get(served(bytes, { address: 'http://h/b.png' }));
  expect(other).toEqual(one);
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map(async (file) => file.name + (await readFile(join(file.parentPath, file.name), 'latin1'))),
  );
  expect(texts).toHaveLength(3);
  expect(texts.join('')).not.toContain('s3cret');
});

test('what may change is asked for, and sent only if it has changed', async () => {
  const source = served(await png('red'), { isFixed: false, tag: '"1"' });
  const cache = new ImageCache(folder);
  const first = await cache.get(source);
  expect(await cache.get(source)).toEqual(first);
  expect(source).toMatchObject({ asked: 2, sent: 1 });
  source.bytes = await png('blue');
  source.tag = '"2"';
  expect((await cache.get(source)).sha256).not.toBe(first.sha256);
  expect(source.sent).toBe(2);
});

test('without a tag it is sent each time', async () => {
  const source = served(await png('red'), { isFixed: false });
  const cache = new ImageCache(folder);
  await cache.get(source);
  await cache.get(source);
  expect(source.sent).toBe(2);
});

test('a file that was cut off, or an entry that was broken, is fetched again', async () => {
  const source = served(await png('red'));
  const cache = new ImageCache(folder);
  const { path } = await cache.get(source);
  await truncate(path, 10);
  await cache.get(source);
  expect(await readFile(path)).toEqual(source.bytes);
  const [entry = ''] = (await readdir(join(folder, 'addresses'), { recursive: true })).filter((name) =>
    name.endsWith('.json'),
  );
  await writeFile(join(folder, 'addresses', entry), '{"sha256":"../../etc/passwd"');
  await cache.get(source);
  expect(source.sent).toBe(3);
});

test('what is no image leaves nothing behind', async () => {
  const source = served(Buffer.from('no image'));
  await expect(new ImageCache(folder).get(source)).rejects.toMatchObject({ code: 'image-not-an-image' });
  expect(await readdir(folder)).toEqual([]);
});

test('trimming keeps what was used last, and takes away the entries of the rest', async () => {
  const sources = await Promise.all(
    ['red', 'green', 'blue'].map(async (color) => served(await png(color), { address: color })),
  );
  const size = sources[0]?.bytes.length ?? 0;
  const cache = new ImageCache(folder, size * 2 + 20);
  for (const [index, source] of sources.entries()) {
    const { path } = await cache.get(source);
    await utimes(path, 1000 + index, 1000 + index);
  }
  const [oldest, middle] = sources;
  if (oldest === undefined || middle === undefined) throw new Error('no sources');
  await cache.get(oldest);
  expect(await cache.trim()).toBe(1);
  expect(await cache.trim()).toBe(0);
  for (const source of sources) await cache.get(source);
  expect(sources.map(({ sent }) => sent)).toEqual([1, 2, 1]);
  expect(
    (await readdir(join(folder, 'addresses'), { recursive: true })).filter((name) => name.endsWith('.json')),
  ).toHaveLength(3);
});

test('trimming takes away what a relay that died left half written', async () => {
  const cache = new ImageCache(folder);
  const { path } = await cache.get(served(await png('red')));
  await writeFile(`${path}.old.part`, 'x');
  await utimes(`${path}.old.part`, 1000, 1000);
  await writeFile(`${path}.new.part`, 'x');
  expect(await cache.trim()).toBe(1);
  await stat(`${path}.new.part`);
});
