/** From a real Label Studio, with what people leave in it, to a data set that the real trainer accepts. */
import { mkdtemp, mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as v from 'valibot';
import { trainerPython } from '../../scripts/trainer-setup.mjs';
import { decodeImage } from '../../src/engine/native/decodeImage.ts';
import { addressName } from '../../src/labelstudio/address.ts';
import type { CatalogModel } from '../../src/relay/modelCatalog.ts';
import { countAnnotated } from '../../src/relay/training/collect/annotationStats.ts';
import { createCollect } from '../../src/relay/training/collect/createCollect.ts';
import type { CollectedDataset } from '../../src/relay/training/contracts.ts';
import { annotate, projectWithImages } from '../support/annotatedProject.ts';
import { drawShapes, shapeNames, type AnnotatedImage } from '../support/drawnShapes.ts';
import { startLabelStudio, type LabelStudioServer } from '../support/labelStudioServer.ts';
import { orientedJpeg } from '../support/orientedImage.ts';

const repository = join(import.meta.dirname, '..', '..');
const base = {
  name: 'demo-shapes',
  version: 'demo-shapes-0123abcd',
  manifest: { classes: ['square', 'face'] },
} as unknown as CatalogModel;

let folder: string;
let local: string;
let server: LabelStudioServer;
/** Answers of Label Studio that held an image, by status. */
const fetched: number[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forelabel-collect-'));
  local = join(folder, 'local', 'photos');
  await mkdir(local, { recursive: true });
  server = await startLabelStudio({
    env: { LOCAL_FILES_SERVING_ENABLED: 'true', LOCAL_FILES_DOCUMENT_ROOT: join(folder, 'local') },
  });
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function post(path: string, body: unknown): Promise<unknown> {
  const answer = await server.admin(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

function collect(project: number, job: string): Promise<CollectedDataset> {
  fetched.length = 0;
  return createCollect({
    access: () => Promise.resolve({ url: `${server.url}/`, token: server.pat }),
    cacheFolder: join(folder, 'cache'),
    fetch: async (input, init) => {
      const answer = await fetch(input, init);
      if (typeof input === 'string' && input.includes('/data/')) fetched.push(answer.status);
      return answer;
    },
  })(
    { labelStudio: addressName(server.url), project, base, folder: join(folder, job) },
    { signal: new AbortController().signal, onProgress: () => undefined },
  );
}

const cocoSchema = v.object({
  categories: v.array(v.object({ id: v.number(), name: v.string() })),
  images: v.array(v.object({ id: v.number(), file_name: v.string(), width: v.number(), height: v.number() })),
  annotations: v.array(
    v.object({ image_id: v.number(), category_id: v.number(), bbox: v.array(v.number()) }),
  ),
});
async function readBoth({ train, val }: CollectedDataset) {
  const files = [train.annotations, ...(val === null ? [] : [val.annotations])];
  const parts = await Promise.all(
    files.map(async (file) => v.parse(cocoSchema, JSON.parse(await readFile(file, 'utf8')))),
  );
  return {
    images: parts.flatMap(({ images }) => images),
    annotations: parts.flatMap(({ annotations }) => annotations),
  };
}

/** The trainer's own check of both files, and what OpenCV and pycocotools make of them. */
const CHECK = `
import json, sys
from pathlib import Path
import cv2
from pycocotools.coco import COCO
from forelabel_trainer.dataset import check_dataset
from forelabel_trainer.job import CocoSource
job = json.load(sys.stdin)
found = []
sys.stdout, out = sys.stderr, sys.stdout
for part, purpose in ((job['train'], 'training'), (job['val'], 'validation')):
    summary = check_dataset(CocoSource(Path(part['annotations']), Path(part['images'])), job['classes'], purpose)
    coco = COCO(part['annotations'])
    read = {i['id']: cv2.imread(str(Path(part['images']) / i['file_name'])).shape for i in coco.dataset['images']}
    assert all(read[i['id']] == (i['height'], i['width'], 3) for i in coco.dataset['images']), read
    found.append({'images': summary.images, 'boxes': summary.boxes, 'empty': summary.empty,
                  'perClass': summary.per_class, 'sha256': summary.sha256, 'annotations': len(coco.getAnnIds())})
json.dump(found, out)
`;
const checkSchema = v.tuple([
  v.object({
    images: v.number(),
    boxes: v.number(),
    empty: v.number(),
    sha256: v.string(),
    perClass: v.record(v.string(), v.number()),
  }),
  v.object({
    images: v.number(),
    boxes: v.number(),
    empty: v.number(),
    sha256: v.string(),
    perClass: v.record(v.string(), v.number()),
  }),
]);

function imageOf(images: readonly AnnotatedImage[], index: number): AnnotatedImage {
  const image = images[index];
  if (image === undefined) throw new RangeError(`There is no image ${index}.`);
  return image;
}

/** Mean difference in grey levels. */
async function difference(a: Uint8Array, b: Uint8Array): Promise<number> {
  const [one, other] = [await decodeImage(a), await decodeImage(b)];
  if (one.width !== other.width || one.height !== other.height) return Infinity;
  let sum = 0;
  for (const [index, value] of one.data.entries()) sum += Math.abs(value - (other.data[index] ?? 0));
  return sum / one.data.length;
}

test('a project with everything that people leave in one', async () => {
  const drawn = await Promise.all(Array.from({ length: 9 }, (_, index) => drawShapes(index)));
  const upright = drawn.map(({ data }) => data);
  const images: AnnotatedImage[] = await Promise.all(
    drawn.map(async (image, index) => {
      if (index === 1) return { ...image, data: await orientedJpeg(Buffer.from(image.data), 6) };
      if (index === 2) return { ...image, name: 'a.png', data: await sharp(image.data).png().toBuffer() };
      if (index === 3) return { ...image, name: 'a.gif', data: await sharp(image.data).gif().toBuffer() };
      return image;
    }),
  );
  const { id: project, tasks } = await projectWithImages(server, 'Shapes to collect', shapeNames, images);
  const at = (index: number) => ({ task: tasks[index] ?? 0, image: imageOf(drawn, index) });
  const skipped = 4;
  const twice = 5;
  const notAnnotated = 8;
  for (const [index] of drawn.entries()) {
    const { task, image } = at(index);
    if (index === skipped) await post(`/api/tasks/${task}/annotations/`, { result: [], was_cancelled: true });
    else if (index === notAnnotated) await post(`/api/tasks/${task}/drafts`, { result: [], lead_time: 1 });
    else await annotate(server, task, index === twice ? { ...image, boxes: [] } : image);
  }
  // The seventh has no shapes: submitted without a box. The sixth was submitted empty first, then right.
  await annotate(server, at(twice).task, at(twice).image);
  // A second person skips what the first has done.
  await post(`/api/tasks/${at(0).task}/annotations/`, { result: [], was_cancelled: true });

  expect(await countAnnotated({ url: server.url, token: server.pat }, project)).toBe(7);
  const dataset = await collect(project, 'first');
  expect(fetched).toEqual(Array(7).fill(200));
  expect(dataset.classes).toEqual(['square', 'disc']);
  const used = [0, 1, 2, 3, 5, 6, 7];
  const truth = used.flatMap((index) => {
    const { task, image } = at(index);
    return image.boxes.map(({ label, bbox }) => ({ task, label, bbox: [...bbox] }));
  });
  expect(dataset.info).toMatchObject({
    tasks: 7,
    boxes: truth.length,
    negatives: 1,
    newClasses: ['disc'],
    droppedClasses: ['face'],
  });
  expect(dataset.info.train + dataset.info.val).toBe(7);
  expect(dataset.val).not.toBeNull();
  expect(dataset.notes.map(({ code }) => code)).toEqual(['new-classes', 'dropped-classes']);

  const coco = await readBoth(dataset);
  expect(coco.images.map(({ id }) => id).sort((a, b) => a - b)).toEqual(used.map((index) => at(index).task));
  for (const { id, file_name, width, height } of coco.images) {
    const index = tasks.indexOf(id);
    expect([width, height]).toEqual([drawn[index]?.width, drawn[index]?.height]);
    const stored = await readFile(join(dataset.train.images, file_name));
    // A GIF has 256 colours; the others are as good as the original.
    expect(await difference(stored, upright[index] ?? new Uint8Array())).toBeLessThan(index === 3 ? 6 : 1.5);
  }
  const collected = coco.annotations.map(({ image_id, category_id, bbox }) => ({
    task: image_id,
    label: dataset.classes[category_id - 1],
    bbox: bbox.map((pixels) => Math.round(pixels * 100) / 100),
  }));
  expect(collected.sort((a, b) => a.task - b.task)).toEqual(truth);

  const { stdout } = await execa(await trainerPython(), ['-c', CHECK], {
    env: { PYTHONPATH: join(repository, 'src', 'trainer') },
    input: JSON.stringify(dataset),
  });
  const [train, val] = v.parse(checkSchema, JSON.parse(stdout));
  expect([train.images, val.images]).toEqual([dataset.info.train, dataset.info.val]);
  expect([train.boxes + val.boxes, train.empty + val.empty]).toEqual([truth.length, 1]);
  expect(train.sha256).toBe(dataset.info.sha256);
  for (const { name, boxes } of dataset.info.classes) {
    expect((train.perClass[name] ?? 0) + (val.perClass[name] ?? 0)).toBe(boxes);
  }

  const again = await collect(project, 'second');
  expect(fetched).toEqual([]);
  expect(again.info).toEqual(dataset.info);
});

test('images of a storage are sent again only when they have changed', async () => {
  const labelConfig = `<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="square"/></RectangleLabels></View>`;
  const project = await server.createProject({ title: 'On this machine', labelConfig });
  await post('/api/storages/localfiles', { project, path: local, use_blob_urls: true, title: 'photos' });
  const images = await Promise.all([0, 1, 2, 3].map((index) => drawShapes(index)));
  for (const { name, data } of images) await writeFile(join(local, name), data);
  const tasks = await server.importTasks(
    project,
    images.map(({ name }) => ({ data: { image: `/data/local-files/?d=photos/${name}` } })),
  );
  for (const [index, task] of tasks.entries()) {
    const { width, height, boxes } = imageOf(images, index);
    await annotate(server, task, { width, height, boxes: boxes.map((box) => ({ ...box, label: 'square' })) });
  }
  const first = await collect(project, 'local');
  expect(fetched).toEqual([200, 200, 200, 200]);
  expect((await collect(project, 'local')).info).toEqual(first.info);
  expect(fetched).toEqual([304, 304, 304, 304]);

  const other = await drawShapes(77);
  const [changed = ''] = images.map(({ name }) => name);
  await writeFile(join(local, changed), other.data);
  // In the same second, a file system may not tell the two apart.
  await utimes(join(local, changed), 2e9, 2e9);
  const { train } = await collect(project, 'local');
  expect([...fetched].sort()).toEqual([200, 304, 304, 304]);
  expect(await readFile(join(train.images, `${tasks[0]}.jpg`))).toEqual(Buffer.from(other.data));
});

test('what is wrong with the project or the token is said before anything starts', async () => {
  await expect(collect(987_654, 'none')).rejects.toMatchObject({
    name: 'TrainingError',
    code: 'project-unknown',
  });
  const { id } = await projectWithImages(server, 'Nothing annotated', ['disc'], []);
  await expect(collect(id, 'none')).rejects.toMatchObject({ code: 'too-few-annotations' });
  const refused = createCollect({
    access: () => Promise.resolve({ url: server.url, token: 'f'.repeat(40) }),
    cacheFolder: join(folder, 'cache'),
  });
  await expect(
    refused(
      { labelStudio: addressName(server.url), project: id, base, folder: join(folder, 'none') },
      { signal: new AbortController().signal, onProgress: () => undefined },
    ),
  ).rejects.toMatchObject({ code: 'token-refused' });
});
