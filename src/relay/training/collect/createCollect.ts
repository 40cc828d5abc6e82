import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnnotatedTask, RectangleControl, Task } from '../../../labelstudio/types.ts';
import type { DatasetInfo, JobNote } from '../../../training/job.ts';
import {
  TrainingError,
  type Collect,
  type CollectedDataset,
  type CollectRequest,
  type FindAccess,
} from '../contracts.ts';
import { drawnBoxes, hasOtherShape, isThin, toPixels, type DrawnBoxes } from './annotatedBoxes.ts';
import { chooseClasses, type ChosenClasses } from './chooseClasses.ts';
import { writeCocoFile, type CocoImage } from './cocoFile.ts';
import { gatherImages, type Gathered } from './gatherImages.ts';
import { ImageCache } from './imageCache.ts';
import { boxNotes, classNotes, imageNotes, splitNotes } from './notes.ts';
import { chooseControl, openProject } from './openProject.ts';
import { asTrainingError } from './problems.ts';
import { splitTasks } from './split.ts';

export interface CollectOptions {
  readonly access: FindAccess;
  /** For images, shared by all trainings; made when missing. */
  readonly cacheFolder: string;
  /** Bytes of images kept there between trainings; default 20 GB. */
  readonly cacheLimit?: number;
  readonly fetch?: typeof fetch;
}

/** A training needs one image to learn from and one to measure on. */
const FEWEST_TASKS = 2;

/** Reads annotated tasks from Label Studio into COCO files. See `Collect`. */
export function createCollect(options: CollectOptions): Collect {
  const cache = new ImageCache(options.cacheFolder, options.cacheLimit);
  return async (request, { signal, onProgress }) => {
    try {
      return await collect(request, options, cache, signal, onProgress);
    } catch (error) {
      signal.throwIfAborted();
      throw asTrainingError(error);
    }
  };
}

async function collect(
  request: CollectRequest,
  { access, fetch: fetchFunction }: CollectOptions,
  cache: ImageCache,
  signal: AbortSignal,
  onProgress: (done: number, total: number) => void,
): Promise<CollectedDataset> {
  const { labelStudio, base, project } = await openProject(access, request, signal, fetchFunction);
  const control = chooseControl(project, request.control, request.usualControl);
  const baseModel = request.base;
  const chosen = chooseClasses(baseModel.manifest.classes, baseModel.name, control);
  const tasks = await readTasks(labelStudio.annotatedTasks(project.id, signal), control, chosen);
  assertEnough(tasks, chosen);

  const paths = await emptyFolder(request.folder);
  const gathered = await gatherImages(
    tasks.filter(({ drawn }) => drawn.unreadable === 0).map(({ task }) => task),
    { labelStudio, base, field: control.imageField, cache, folder: paths.images, signal, onProgress },
  );
  const { images, ...counts } = inPixels(tasks, gathered);
  assertLearnable(images);

  const split = splitTasks(
    images.map(({ task, sha256, boxes }) => ({ id: task, sha256, boxes: boxes.length })),
    `${request.labelStudio}/${project.id}`,
  );
  const part = (ids: readonly number[]) => {
    const wanted = new Set(ids);
    return images.filter(({ task }) => wanted.has(task));
  };
  const sha256 = await writeCocoFile(paths.train, chosen.classes, part(split.train));
  if (split.val.length > 0) await writeCocoFile(paths.val, chosen.classes, part(split.val));
  signal.throwIfAborted();
  await cache.trim();

  const info = infoOf(images, chosen, split, sha256);
  const notes: JobNote[] = [
    ...chosen.notes,
    ...classNotes(info.classes),
    ...boxNotes(
      tasks.map(({ drawn }) => drawn),
      counts,
    ),
    ...imageNotes(gathered.unreadable, images.length),
    ...splitNotes(split),
  ];
  return {
    info,
    classes: chosen.classes,
    train: { annotations: paths.train, images: paths.images },
    val: split.val.length === 0 ? null : { annotations: paths.val, images: paths.images },
    notes,
  };
}

interface ReadTask {
  readonly task: Task;
  readonly drawn: DrawnBoxes;
}

/** Keeps of each task what is needed: projects are large, and annotations hold much else. */
async function readTasks(
  annotated: AsyncIterable<AnnotatedTask>,
  control: RectangleControl,
  chosen: ChosenClasses,
): Promise<ReadTask[]> {
  const { imageField: field } = control;
  const tasks: ReadTask[] = [];
  for await (const { id, data, annotation } of annotated) {
    const [root = field] = field.split('.');
    const kept = Object.fromEntries(
      [field, root].filter((key) => Object.hasOwn(data, key)).map((key) => [key, data[key]]),
    );
    tasks.push({
      task: { id, data: kept },
      drawn: drawnBoxes(annotation.result, control, (label) => chosen.classOf(label)),
    });
  }
  return tasks;
}

function assertEnough(tasks: readonly ReadTask[], { classes }: ChosenClasses): void {
  if (tasks.length < FEWEST_TASKS) {
    throw new TrainingError(
      'too-few-annotations',
      `The project has ${tasks.length === 0 ? 'no annotated task' : 'one annotated task'}, and a training needs at least ${FEWEST_TASKS}. Annotate and submit some more in Label Studio; 20 or more give a useful model.`,
    );
  }
  if (tasks.some(({ drawn }) => drawn.boxes.length > 0)) return;
  const others = [...new Set(tasks.flatMap(({ drawn }) => [...drawn.unknownLabels.keys()]))];
  throw new TrainingError(
    'no-boxes',
    others.length > 0
      ? `None of the ${tasks.length} annotated tasks has a box with a label that the labeling interface lists; their labels are ${others.join(', ')}. Add these as Label tags, or label the boxes again.`
      : `None of the ${tasks.length} annotated tasks has a box with a label (${classes.join(', ')}). Draw boxes in Label Studio and submit them.`,
  );
}

/** What is left after the images were read, and boxes too thin for a pixel were left out. */
function assertLearnable(images: readonly CollectedImage[]): void {
  if (images.length < FEWEST_TASKS) {
    throw new TrainingError(
      'too-few-annotations',
      `Only ${images.length} of the annotated tasks can be used, and a training needs at least ${FEWEST_TASKS}. Annotate and submit some more in Label Studio.`,
    );
  }
  if (images.some(({ boxes }) => boxes.length > 0)) return;
  throw new TrainingError(
    'no-boxes',
    'No box in the annotated tasks is as wide and high as one pixel of its image. Draw larger boxes in Label Studio and submit them.',
  );
}

interface CollectedImage extends CocoImage {
  readonly sha256: string;
}

function inPixels(tasks: readonly ReadTask[], { images: found }: Gathered) {
  const images: CollectedImage[] = [];
  let thin = 0;
  let otherShape = 0;
  for (const { task, drawn } of tasks) {
    const image = found.get(task.id);
    if (image === undefined) continue;
    const { file, sha256, width, height } = image;
    const placed = drawn.boxes.map((box) => toPixels(box, image));
    const boxes = placed.filter((box) => !isThin(box));
    thin += placed.length - boxes.length;
    if (drawn.boxes.some(({ seen }) => seen !== null && hasOtherShape(seen, image))) otherShape += 1;
    images.push({ task: task.id, file, sha256, width, height, boxes });
  }
  return { images, thin, otherShape };
}

function infoOf(
  images: readonly CocoImage[],
  { classes, newClasses, droppedClasses }: ChosenClasses,
  split: { readonly train: readonly number[]; readonly val: readonly number[] },
  sha256: string,
): DatasetInfo {
  const perClass = classes.map(() => 0);
  for (const { boxes } of images) for (const { label } of boxes) perClass[label] = (perClass[label] ?? 0) + 1;
  return {
    tasks: images.length,
    train: split.train.length,
    val: split.val.length,
    boxes: perClass.reduce((sum, count) => sum + count, 0),
    negatives: images.filter(({ boxes }) => boxes.length === 0).length,
    classes: classes.map((name, index) => ({ name, boxes: perClass[index] ?? 0 })),
    newClasses: [...newClasses],
    droppedClasses: [...droppedClasses],
    sha256,
  };
}

/** Only what collecting writes is removed: the job may keep other files beside it. */
async function emptyFolder(folder: string) {
  const paths = {
    train: join(folder, 'train.json'),
    val: join(folder, 'val.json'),
    images: join(folder, 'images'),
  };
  for (const path of Object.values(paths)) await rm(path, { recursive: true, force: true });
  await mkdir(paths.images, { recursive: true });
  return paths;
}
