/**
 * BCCD: blood cells under a microscope, 640 x 480, three classes, many boxes an image. The data set is not ours to give
 * away: https://github.com/Shenggan/BCCD_Dataset, as COCO with a split.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import * as v from 'valibot';
import { trainerPython } from '../../scripts/trainer-setup.mjs';

const repository = join(import.meta.dirname, '..', '..');

/** A folder with images/, instances.json and split.json. */
export const bloodCellFolder = process.env.FORELABEL_BCCD ?? join(repository, '..', 'shared', 'data', 'bccd');

/** What to say where it is absent. */
export const noBloodCells = `There are no blood cells in ${bloodCellFolder}. Name a folder with images/, instances.json (COCO) and split.json in FORELABEL_BCCD.`;

export const bloodCellClasses = ['RBC', 'WBC', 'Platelets'] as const;

const cocoSchema = v.object({
  images: v.array(v.looseObject({ id: v.number(), file_name: v.string() })),
  annotations: v.array(v.looseObject({ image_id: v.number() })),
  categories: v.array(v.looseObject({ id: v.number(), name: v.string() })),
});
const splitSchema = v.record(v.string(), v.array(v.string()));

const readJson = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(join(bloodCellFolder, name), 'utf8')) as unknown;

/** Absolute paths of the images of one part. */
export async function bloodCellFiles(part: 'train' | 'val' | 'test'): Promise<readonly string[]> {
  if (!existsSync(bloodCellFolder)) throw new Error(noBloodCells);
  const names = v.parse(splitSchema, await readJson('split.json'))[part] ?? [];
  return names.map((name) => join(bloodCellFolder, name));
}

/**
 * A detector of blood cells made by the trainer, as a project's training makes one: from the bundled face model, at the
 * size the platelets need. Two epochs take about two minutes of two cores and find most cells, which is enough to
 * compare engines by.
 *
 * @param work an empty folder for jobs and checkpoints
 * @returns folder with model.onnx, model.json, config.py and checkpoint.pth
 */
export async function trainBloodCellModel(work: string, epochs: number): Promise<string> {
  await mkdir(work, { recursive: true });
  const coco = v.parse(cocoSchema, await readJson('instances.json'));
  const wanted = new Set(v.parse(splitSchema, await readJson('split.json')).train);
  const images = coco.images.filter(({ file_name }) => wanted.has(file_name));
  const ids = new Set(images.map(({ id }) => id));
  const annotations = join(work, 'train.json');
  const kept = coco.annotations.filter(({ image_id }) => ids.has(image_id));
  await writeFile(annotations, JSON.stringify({ ...coco, images, annotations: kept }));

  const base = join(repository, 'models', 'demo-face');
  const trained = await runTrainer('train', work, {
    name: 'blood-cells',
    workDir: join(work, 'checkpoints'),
    base: { config: join(base, 'config.py'), checkpoint: join(base, 'checkpoint.pth') },
    classes: bloodCellClasses,
    data: { train: { annotations, images: bloodCellFolder } },
    epochs,
    batchSize: 4,
    inputSize: 'fit',
    augmentation: 'light',
    device: 'cpu',
  });
  const finished = v.object({ event: v.literal('finished'), config: v.string(), checkpoint: v.string() });
  const { config, checkpoint } = v.parse(finished, trained.at(-1));
  const model = join(work, 'model');
  await runTrainer('export', work, { name: 'blood-cells', config, checkpoint, outDir: model });
  return model;
}

/** Runs one module of the trainer on a job; gives its events. */
export async function runTrainer(
  kind: 'train' | 'export' | 'predict',
  work: string,
  fields: Readonly<Record<string, unknown>>,
): Promise<readonly unknown[]> {
  const job = join(work, `${kind}-job.json`);
  await writeFile(job, JSON.stringify({ kind, ...fields }));
  const { stdout } = await execa(await trainerPython(), ['-m', `forelabel_trainer.${kind}`, job], {
    env: { PYTHONPATH: join(repository, 'src', 'trainer') },
    maxBuffer: 64e6,
  });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}
