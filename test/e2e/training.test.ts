/**
 * The loop, closed: a real Label Studio with images that are annotated in part, a real MMDetection that
 * learns from them, and the new model on the tasks it never saw.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  annotate,
  projectWithImages,
  storedBoxes,
  type ProjectWithTasks,
} from '../support/annotatedProject.ts';
import { averagePrecision } from '../support/averagePrecision.ts';
import { drawShapes, shapeNames, type AnnotatedImage } from '../support/drawnShapes.ts';
import { forelabelCommand } from '../support/forelabelServer.ts';
import { startLabelStudio, type LabelStudioServer } from '../support/labelStudioServer.ts';

const annotated = 28;
let folder: string;
let labelStudio: LabelStudioServer;
let images: readonly AnnotatedImage[];
let project: ProjectWithTasks;

const forelabel = (args: readonly string[]) =>
  execa(process.execPath, [forelabelCommand, ...args], {
    reject: false,
    env: {
      FORELABEL_HOME: join(folder, 'home'),
      LABEL_STUDIO_URL: labelStudio.url,
      LABEL_STUDIO_API_KEY: labelStudio.pat,
    },
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forelabel-training-'));
  labelStudio = await startLabelStudio();
  images = await Promise.all(Array.from({ length: 40 }, (_, index) => drawShapes(index)));
  project = await projectWithImages(labelStudio, 'Shapes, drawn', shapeNames, images);
  for (const [index, task] of project.tasks.slice(0, annotated).entries()) {
    const image = images[index];
    if (image) await annotate(labelStudio, task, image);
  }
});
afterAll(async () => {
  await labelStudio.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly model: string;
  readonly dir: string;
  readonly metrics: Readonly<Record<'base' | 'new', { readonly AP50: number }>>;
}

describe('forelabel train', () => {
  let outcome: Outcome;

  it('trains on the annotated tasks and prints the new model and what it is worth', async () => {
    const run = await forelabel(['train', '--project', String(project.id), '--epochs', '5', '--wait']);
    expect(run.exitCode, run.stderr).toBe(0);
    outcome = JSON.parse(run.stdout.trimEnd().split('\n').at(-1) ?? '') as Outcome;

    expect(outcome.model).toMatch(/^shapes-drawn-[0-9a-f]{8}$/u);
    expect(await readdir(outcome.dir)).toEqual(
      expect.arrayContaining(['checkpoint.pth', 'config.py', 'model.json', 'model.onnx']),
    );
    // The base knows faces only.
    expect(outcome.metrics.base.AP50).toBe(0);
    expect(outcome.metrics.new.AP50).toBeGreaterThan(0.2);
    expect(`${run.stdout}${run.stderr}`).not.toContain(labelStudio.pat);
    const manifest = JSON.parse(await readFile(join(outcome.dir, 'model.json'), 'utf8')) as {
      readonly classes: readonly string[];
      readonly lineage: { readonly parent: string; readonly epochs: number };
    };
    expect(manifest.classes).toEqual(shapeNames);
    expect(manifest.lineage.parent).toMatch(/^demo-face-[0-9a-f]{8}$/u);
    expect(manifest.lineage.epochs).toBe(5);
  }, 600_000);

  it('lists the job and the model, newest first', async () => {
    const jobs = JSON.parse((await forelabel(['jobs', '--json'])).stdout) as readonly Record<
      string,
      unknown
    >[];
    expect(jobs[0]).toMatchObject({ state: 'done', project: project.id, model: outcome.model });
    const models = JSON.parse((await forelabel(['models', '--json'])).stdout) as readonly {
      version: string;
    }[];
    expect(models.map(({ version }) => version)).toContain(outcome.model);
  });

  it('predicts the tasks it never saw', async () => {
    const args = ['predict', '--project', String(project.id), '--model', outcome.model];
    const run = await forelabel([...args, '--only-unlabeled', '--threshold', '0.05', '--post']);
    expect(run.exitCode, run.stderr).toBe(0);
    const unseen = project.tasks.slice(annotated);
    const { boxes, tasks } = await storedBoxes(labelStudio, project.id, outcome.model);
    expect(new Set(tasks)).toEqual(new Set(unseen));
    expect(tasks).toHaveLength(unseen.length);
    const metrics = await averagePrecision(shapeNames, unseen, images.slice(annotated), boxes);
    expect(metrics.AP50).toBeGreaterThan(0.2);
  });
});
