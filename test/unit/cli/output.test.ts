import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkOut, writeOut } from '../../../src/cli/output.ts';
import type { FilePiece } from '../../../src/formats/writer.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forelabel-out-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function* pieces(...given: (FilePiece | Error)[]): AsyncGenerator<FilePiece> {
  for (const piece of given) {
    if (piece instanceof Error) throw await Promise.resolve(piece);
    yield piece;
  }
}
const piece = (path: string, text: string): FilePiece => ({ path, text });

describe('writeOut', () => {
  it('writes one file, and makes the folder that it lies in', async () => {
    const out = join(folder, 'new', 'coco.json');
    await writeOut(pieces(piece('coco.json', '{'), piece('coco.json', '}')), out, 'coco');
    expect(await readFile(out, 'utf8')).toBe('{}');
    expect(await readdir(join(folder, 'new'))).toEqual(['coco.json']);
  });

  it('leaves the earlier file whole when a new one fails', async () => {
    const out = join(folder, 'coco.json');
    await writeFile(out, 'earlier');
    const failing = pieces(piece('coco.json', '{'), new Error('no space'));
    await expect(writeOut(failing, out, 'coco')).rejects.toThrow('no space');
    expect(await readFile(out, 'utf8')).toBe('earlier');
    expect(await readdir(folder)).toEqual(['coco.json']);
  });

  it('writes jsonl as it comes: a failure leaves the lines before it', async () => {
    const out = join(folder, 'boxes.jsonl');
    const seen: string[] = [];
    async function* slow(): AsyncGenerator<FilePiece> {
      yield piece('x', '1\n');
      await expect.poll(() => readFile(out, 'utf8')).toBe('1\n');
      seen.push('line 1 while the run went on');
      yield piece('x', '2\n');
      throw new Error('stopped');
    }
    await expect(writeOut(slow(), out, 'jsonl')).rejects.toThrow('stopped');
    expect(seen).toHaveLength(1);
    expect(await readFile(out, 'utf8')).toBe('1\n2\n');
  });

  it('writes a folder of files', async () => {
    const given = [piece('labels/a.txt', 'a'), piece('labels/sub/b.txt', ''), piece('classes.txt', 'face\n')];
    await writeOut(pieces(...given), join(folder, 'yolo'), 'yolo');
    expect((await readdir(join(folder, 'yolo'), { recursive: true })).sort()).toEqual([
      'classes.txt',
      'labels',
      'labels/a.txt',
      'labels/sub',
      'labels/sub/b.txt',
    ]);
    expect(await readFile(join(folder, 'yolo', 'labels', 'a.txt'), 'utf8')).toBe('a');
  });
});

describe('checkOut', () => {
  it('refuses a folder for a file and a file for a folder before anything is loaded', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await mkdir(join(folder, 'sub'));
    await expect(checkOut(join(folder, 'sub'), 'jsonl')).rejects.toMatchObject({ name: 'UsageError' });
    await expect(checkOut(file, 'voc')).rejects.toMatchObject({ name: 'UsageError' });
    await checkOut(file, 'coco');
    await checkOut(join(folder, 'sub'), 'yolo');
    await checkOut(join(folder, 'not yet'), 'voc');
    await checkOut('-', 'jsonl');
  });
});
