import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { folderImages } from '../../../src/cli/folderImages.ts';

let folder: string;
const paths = async (...named: string[]) => (await folderImages(named)).map(({ path }) => path);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forelabel-images-'));
  await mkdir(join(folder, 'day 2', '.cache'), { recursive: true });
  for (const name of ['img10.JPG', 'img2.jpg', 'img1.png', 'notes.txt', '.hidden.jpg', 'day 2/a.webp']) {
    await writeFile(join(folder, name), name);
  }
  await writeFile(join(folder, 'day 2', '.cache', 'thumb.jpg'), '');
  await symlink(join(folder, 'img2.jpg'), join(folder, 'link.jpg'));
  // A link back up would make the walk endless.
  await symlink(folder, join(folder, 'day 2', 'up.jpg'));
});
afterAll(() => rm(folder, { recursive: true }));

it('finds the images of a folder and its subfolders, in the order that people count', async () => {
  expect(await paths(folder)).toEqual(['day 2/a.webp', 'img1.png', 'img2.jpg', 'img10.JPG', 'link.jpg']);
});

it('takes a file that is named whatever its ending, under the name it was given', async () => {
  const file = join(folder, 'notes.txt');
  const [entry] = await folderImages([file]);
  expect(entry?.path).toBe(file);
  expect(await (await entry?.blob())?.text()).toBe('notes.txt');
});

it('keeps what is named twice once', async () => {
  const found = await paths(folder, join(folder, 'img2.jpg'));
  expect(found.filter((path) => path.endsWith('/img2.jpg'))).toEqual([join(folder, 'img2.jpg')]);
});

it('refuses what does not exist, unless something else does', async () => {
  await expect(folderImages(['/no/such'])).rejects.toMatchObject({ name: 'UsageError' });
  await expect(folderImages(['/no/such', '/nor/that'])).rejects.toMatchObject({ name: 'UsageError' });
  const [, missing] = await folderImages([join(folder, 'img2.jpg'), '/no/such.jpg']);
  await expect(missing?.blob()).rejects.toThrow();
});
