/** From the encoded file to boxes: the native engine beside MMDetection's own `inference_detector`. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as v from 'valibot';
import { trainerPython } from '../../scripts/trainer-setup.mjs';
import { createNativeEngine } from '../../src/engine/native/createNativeEngine.ts';
import type { Engine } from '../../src/engine/types.ts';
import { iou, readSamples, type Box } from '../support/samples.ts';

const repository = join(import.meta.dirname, '..', '..');
const model = join(repository, 'models', 'demo-face');
const faces = join(process.env.FORELABEL_DATA ?? join(repository, '..', 'shared', 'data'), 'caltech_faces');

const answerSchema = v.array(
  v.object({
    width: v.number(),
    height: v.number(),
    detections: v.array(
      v.object({
        x1: v.number(),
        y1: v.number(),
        x2: v.number(),
        y2: v.number(),
        score: v.number(),
        label: v.number(),
      }),
    ),
  }),
);
type Answer = v.InferOutput<typeof answerSchema>[number];

let engine: Engine;
let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'forelabel-parity-'));
  engine = await createNativeEngine({ modelDir: model });
});
afterAll(async () => {
  await engine.dispose();
  await rm(work, { recursive: true, force: true });
});

/** What MMDetection finds with the checkpoint that lies beside the ONNX file. */
async function mmdetection(images: readonly string[]): Promise<Answer[]> {
  const out = join(work, `${images.length}.json`);
  const job = join(work, `${images.length}-job.json`);
  const config = join(model, 'config.py');
  const checkpoint = join(model, 'checkpoint.pth');
  await writeFile(job, JSON.stringify({ kind: 'predict', config, checkpoint, images, out, device: 'cpu' }));
  await promisify(execFile)(await trainerPython(), ['-m', 'forelabel_trainer.predict', job], {
    env: { ...process.env, PYTHONPATH: join(repository, 'src', 'trainer') },
    maxBuffer: 64e6,
  });
  return v.parse(answerSchema, JSON.parse(await readFile(out, 'utf8')));
}

/** Scores are compared from here on: the model's own floor. */
const FLOOR = 0.05;
/** By how much a score may differ. */
const ROUNDING = 1e-3;

const boxOf = (d: { x1: number; y1: number; x2: number; y2: number }): Box => [d.x1, d.y1, d.x2, d.y2];

/** Asserts the same boxes in the same order, down to the model's floor; gives how many there were. */
async function assertSame(images: readonly string[]): Promise<number> {
  const expected = await mmdetection(images);
  let compared = 0;
  for (const [index, file] of images.entries()) {
    const theirs = expected[index];
    if (theirs === undefined) throw new Error(`no answer for ${file}`);
    const ours = await engine.detect(new Blob([await readFile(file)]));
    expect([ours.width, ours.height], file).toEqual([theirs.width, theirs.height]);
    const wanted = theirs.detections.filter(({ score }) => score >= FLOOR);
    const found = ours.detections.slice(0, wanted.length);
    expect(
      found.map(({ label }) => label),
      file,
    ).toEqual(wanted.map(({ label }) => label));
    for (const [rank, theirBox] of wanted.entries()) {
      const ourBox = found[rank];
      if (ourBox === undefined) throw new Error(`${file}: box ${rank} is missing`);
      expect(Math.abs(ourBox.score - theirBox.score), `${file}: score of box ${rank}`).toBeLessThan(ROUNDING);
      expect(iou(boxOf(ourBox), boxOf(theirBox)), `${file}: box ${rank}`).toBeGreaterThan(0.99);
      compared += 1;
    }
    // Best first, so that this is the best of those that only we found.
    const next = ours.detections[wanted.length]?.score ?? 0;
    expect(next, `${file}: a box that MMDetection does not find`).toBeLessThan(FLOOR + ROUNDING);
  }
  return compared;
}

describe('the same boxes as MMDetection, from the file', () => {
  test('on the drawn samples', async () => {
    const samples = await readSamples();
    const compared = await assertSame(samples.map(({ file }) => join(repository, 'public', 'samples', file)));
    expect(compared).toBeGreaterThan(20);
  }, 300_000);

  // Photographs that are not part of the repository.
  test.skipIf(!existsSync(faces))(
    'on the 90 validation photographs of the Caltech faces',
    async () => {
      const { val } = v.parse(
        v.object({ val: v.array(v.string()) }),
        JSON.parse(await readFile(join(faces, 'split.json'), 'utf8')),
      );
      expect(await assertSame(val.map((name) => join(faces, name)))).toBeGreaterThanOrEqual(val.length);
    },
    300_000,
  );
});
