/** Awkward files from the shell: each ends as detections or as one sentence, and none of them ends the command. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import * as v from 'valibot';
import { drawnHardImages } from '../support/drawnHardImages.ts';
import { folderOf } from '../support/folderPicking.ts';
import { forelabelCommand } from '../support/forelabelServer.ts';

const lineSchema = v.object({
  file: v.string(),
  width: v.optional(v.number()),
  height: v.optional(v.number()),
  error: v.optional(v.object({ code: v.string(), message: v.string() })),
});

test('forelabel predict on a folder of them', async () => {
  // Icons are not among the files that the command takes for images.
  const images = (await drawnHardImages()).filter(({ name }) => !name.endsWith('.ico'));
  const folder = await folderOf('hard', Object.fromEntries(images.map(({ name, bytes }) => [name, bytes])));
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--max-old-space-size=512', forelabelCommand],
    ...['predict', folder, '--model', 'demo-face', '--out', '-'],
  ]);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => v.parse(lineSchema, JSON.parse(line)));
  const left = images.filter(({ name }) => !lines.some(({ file }) => file.endsWith(name)));
  expect(left.map(({ name }) => name)).toEqual([]);
  for (const { name, expected } of images) {
    const line = lines.find(({ file }) => file.endsWith(name));
    if ('width' in expected) expect(line, name).toMatchObject(expected);
    else expect(expected.codes, name).toContain(line?.error?.code);
  }
});
