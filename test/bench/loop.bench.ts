/**
 * `npm run bench:loop`: what training is worth. Blood cells in a real Label Studio, 205 images annotated, from
 * the bundled face model; judged by pycocotools on 72 images the training never saw.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  annotate,
  projectWithImages,
  storedBoxes,
  type ProjectWithTasks,
} from '../support/annotatedProject.ts';
import { averagePrecision } from '../support/averagePrecision.ts';
import type { AnnotatedImage } from '../support/drawnShapes.ts';
import { forelabelCommand } from '../support/forelabelServer.ts';
import { startLabelStudio, type LabelStudioServer } from '../support/labelStudioServer.ts';

/** The data set is not ours to give away: https://github.com/Shenggan/BCCD_Dataset, as COCO with a split. */
const bccd =
  process.env.FORELABEL_BCCD ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'data', 'bccd');
const labels = ['RBC', 'WBC', 'Platelets'];

const cocoSchema = v.object({
  images: v.array(v.object({ id: v.number(), file_name: v.string(), width: v.number(), height: v.number() })),
  annotations: v.array(
    v.object({
      image_id: v.number(),
      category_id: v.number(),
      bbox: v.tuple([v.number(), v.number(), v.number(), v.number()]),
    }),
  ),
  categories: v.array(v.object({ id: v.number(), name: v.string() })),
});

async function bloodCells(part: 'train' | 'test'): Promise<readonly AnnotatedImage[]> {
  const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(bccd, name), 'utf8'));
  const coco = v.parse(cocoSchema, await read('instances.json'));
  const split = v.parse(v.record(v.string(), v.array(v.string())), await read('split.json'));
  const wanted = new Set(split[part]?.map((name) => basename(name)));
  const names = new Map(coco.categories.map(({ id, name }) => [id, name]));
  const images = coco.images.filter(({ file_name }) => wanted.has(basename(file_name)));
  return Promise.all(
    images.map(async ({ id, file_name, width, height }) => ({
      name: basename(file_name),
      data: await readFile(join(bccd, file_name)),
      width,
      height,
      boxes: coco.annotations
        .filter(({ image_id }) => image_id === id)
        .map(({ category_id, bbox }) => ({ label: names.get(category_id) ?? '', bbox })),
    })),
  );
}

const rows: { preset: string; minutes: number; AP: number; AP50: number; APs: number; onVal: number }[] = [];

if (!existsSync(bccd)) {
  throw new Error(
    `There are no blood cells in ${bccd}. Name a folder with images/, instances.json (COCO) and split.json in FORELABEL_BCCD.`,
  );
}

describe('fine-tuning the face model to blood cells', () => {
  let folder: string;
  let labelStudio: LabelStudioServer;
  let test: readonly AnnotatedImage[];
  let project: ProjectWithTasks;
  let unseen: readonly number[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forelabel-loop-'));
    labelStudio = await startLabelStudio();
    const train = await bloodCells('train');
    test = await bloodCells('test');
    project = await projectWithImages(labelStudio, 'Blood cells', labels, [...train, ...test]);
    unseen = project.tasks.slice(train.length);
    for (const [index, image] of train.entries()) {
      const task = project.tasks[index];
      if (task !== undefined) await annotate(labelStudio, task, image);
    }
  });
  afterAll(async () => {
    console.table(rows);
    await mkdir('bench-results', { recursive: true });
    await writeFile(join('bench-results', 'loop.json'), `${JSON.stringify(rows, null, 2)}\n`);
    await labelStudio.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    { preset: 'quick', atLeast: 0.6 },
    { preset: 'thorough', atLeast: 0.75 },
  ])(
    '$preset reaches AP50 >= $atLeast on images it never saw',
    async ({ preset, atLeast }) => {
      const forelabel = (...args: readonly string[]) =>
        execa(process.execPath, [forelabelCommand, ...args], {
          stderr: 'inherit',
          env: {
            FORELABEL_HOME: join(folder, preset),
            LABEL_STUDIO_URL: labelStudio.url,
            LABEL_STUDIO_API_KEY: labelStudio.pat,
          },
        });
      const began = performance.now();
      const trained = await forelabel('train', '--project', String(project.id), '--preset', preset, '--wait');
      const minutes = (performance.now() - began) / 60_000;
      const outcome = JSON.parse(trained.stdout.trimEnd().split('\n').at(-1) ?? '') as {
        readonly model: string;
        readonly metrics: { readonly new: { readonly AP50: number } };
      };
      const predict = ['predict', '--project', String(project.id), '--model', outcome.model, '--post'];
      await forelabel(...predict, '--only-unlabeled', '--threshold', '0.05');
      const { boxes } = await storedBoxes(labelStudio, project.id, outcome.model);
      const metrics = await averagePrecision(labels, unseen, test, boxes);
      rows.push({
        preset,
        minutes: Math.round(minutes * 10) / 10,
        AP: metrics.AP,
        AP50: metrics.AP50,
        APs: metrics.APs,
        onVal: outcome.metrics.new.AP50,
      });
      expect(metrics.AP50).toBeGreaterThanOrEqual(atLeast);
    },
    3 * 3_600_000,
  );
});
