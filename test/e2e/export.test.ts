/** `forelabel export` as its user calls it: real config, real checkpoint, real MMDetection. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { forelabelCommand } from '../support/forelabelServer.ts';

const repository = join(import.meta.dirname, '..', '..');
const demo = join(repository, 'models', 'demo-face');
const [config, checkpoint] = [join(demo, 'config.py'), join(demo, 'checkpoint.pth')];

let work: string;
beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'forelabel-export-test-'));
});
afterEach(async () => {
  await rm(work, { recursive: true, force: true });
});

const forelabel = async (...args: readonly string[]) => {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [forelabelCommand, ...args], {
    reject: false,
  });
  return { exitCode, stdout, stderr };
};
const exported = (from: string, out: string) =>
  forelabel('export', '--config', from, '--checkpoint', checkpoint, '--name', 'mine', '--out', out);

interface Line {
  readonly detections: readonly { readonly score: number; readonly box: readonly number[] }[];
}

async function boxes(model: string): Promise<readonly number[]> {
  const out = join(work, 'boxes.jsonl');
  const samples = join(repository, 'public', 'samples');
  const images = (await readdir(samples)).filter((name) => name.endsWith('.jpg')).slice(0, 3);
  const paths = images.map((name) => join(samples, name));
  const predict = ['predict', '--model', model, '--engine', 'native', '--threshold', '0.3', '--out', out];
  const { exitCode, stderr } = await forelabel(...predict, ...paths);
  expect(exitCode, stderr).toBe(0);
  const lines = (await readFile(out, 'utf8')).trim().split('\n');
  return lines.flatMap((line) =>
    (JSON.parse(line) as Line).detections.flatMap(({ score, box }) => [...box, score]),
  );
}

test('a config and a checkpoint become a model that predicts the same', async () => {
  const out = join(work, 'new', 'mine');
  const { exitCode, stdout, stderr } = await exported(config, out);
  expect(exitCode, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ dir: out });
  expect(stdout).toMatch(/"mine-[0-9a-f]{8}"/u);
  expect((await readdir(out)).sort()).toEqual(['checkpoint.pth', 'config.py', 'model.json', 'model.onnx']);
  const expected = await boxes(demo);
  const got = await boxes(out);
  expect(expected.length).toBeGreaterThan(0);
  expect(got).toHaveLength(expected.length);
  for (const [index, value] of got.entries())
    expect(Math.abs(value - (expected[index] ?? NaN))).toBeLessThan(0.01);
});

test('another detector is refused by its name, and nothing is written', async () => {
  const other = join(work, 'retina.py');
  await writeFile(other, "model = dict(type='RetinaNet', bbox_head=dict(type='RetinaHead'))\n");
  const { exitCode, stdout, stderr } = await exported(other, join(work, 'models', 'mine'));
  expect([exitCode, stdout]).toEqual([1, '']);
  expect(stderr).toContain('retina.py describes RetinaNet with RetinaHead. Forelabel runs FCOS');
  expect(await readdir(work)).toEqual(['retina.py']);
});

test('a folder that is not a model is refused and left as it is', async () => {
  const models = join(work, 'models');
  await mkdir(join(models, 'face'), { recursive: true });
  await writeFile(join(models, 'face', 'model.json'), '{}');
  const { exitCode, stderr } = await exported(config, models);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`--out ${models} holds face and no model.json, so it is not a model.`);
  expect(stderr).toContain(`Name a new folder, such as ${join(models, 'mine')},`);
  expect(await readdir(models)).toEqual(['face']);
  expect(await readFile(join(models, 'face', 'model.json'), 'utf8')).toBe('{}');
});
