import { constants, copyFile, link } from 'node:fs/promises';
import { join } from 'node:path';
import { imageAddress, type ImageAddress } from '../../../labelstudio/imageAddress.ts';
import type { LabelStudio, Task } from '../../../labelstudio/types.ts';
import { TrainingError } from '../contracts.ts';
import type { ImageCache, ImageSource } from './imageCache.ts';
import { inParallel } from './inParallel.ts';
import { firstSentence, isImageProblem } from './problems.ts';

export interface GatheredImage {
  /** In the job's folder of images. */
  readonly file: string;
  readonly sha256: string;
  readonly width: number;
  readonly height: number;
}

export interface Gathered {
  /** By task id. */
  readonly images: ReadonlyMap<number, GatheredImage>;
  /** Tasks that are left out, with the reason: a part of a sentence. */
  readonly unreadable: readonly { readonly task: number; readonly reason: string }[];
}

export interface GatherOptions {
  readonly labelStudio: LabelStudio;
  /** Address of Label Studio. */
  readonly base: string;
  /** Field of the task that holds the image. */
  readonly field: string;
  readonly cache: ImageCache;
  /** Where the images are put, as `<task id>.<extension>`. It exists. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/** Images asked for at a time. */
const WIDTH = 4;
/** Tasks that may be left out for their image: fewer than this, and fewer than this share. */
const TOLERATED = 50;
const TOLERATED_SHARE = 0.1;
/** Reasons in a message. */
const SHOWN = 3;

/**
 * Puts the image of every task into the job's folder. A few that cannot be read are left out; with more,
 * something is wrong: `TrainingError` 'images-unreadable', or what is wrong with Label Studio itself.
 */
export async function gatherImages(tasks: readonly Task[], options: GatherOptions): Promise<Gathered> {
  const { labelStudio, base, field, cache, folder, onProgress } = options;
  const images = new Map<number, GatheredImage>();
  const unreadable: { task: number; reason: string }[] = [];
  onProgress(0, tasks.length);
  await inParallel(tasks, WIDTH, options.signal, async (task, signal) => {
    try {
      const image = await cache.get(
        sourceOf(labelStudio, imageAddress(task, field, base), base, task, field, signal),
      );
      const file = `${task.id}.${image.extension}`;
      await place(image.path, join(folder, file));
      images.set(task.id, { file, sha256: image.sha256, width: image.width, height: image.height });
    } catch (error) {
      signal.throwIfAborted();
      if (!isImageProblem(error)) throw error;
      unreadable.push({ task: task.id, reason: firstSentence(error) });
      if (isTooMuch(unreadable.length, tasks.length)) {
        // Nobody home is another trouble than bad images, and a better message.
        await labelStudio.connect(signal);
        throw refusal(unreadable, tasks.length);
      }
    }
    onProgress(images.size + unreadable.length, tasks.length);
  });
  return { images, unreadable: unreadable.sort((a, b) => a.task - b.task) };
}

function sourceOf(
  labelStudio: LabelStudio,
  address: ImageAddress,
  base: string,
  task: Task,
  field: string,
  signal: AbortSignal,
): ImageSource {
  return {
    address: `${base} ${nameOf(address)}`,
    isFixed: isFixed(address),
    fetch: (knownTag) => labelStudio.fetchImageVersion(task, field, knownTag, signal),
  };
}

/** The same for every task that shows the same image. */
function nameOf(address: ImageAddress): string {
  if (address.from === 'label-studio') return address.path;
  return address.from === 'storage' ? address.path.replace(/^\/tasks\/\d+/u, '') : address.url;
}

/** Uploads get a name of their own and are never overwritten; Label Studio gives no ETag for them. */
function isFixed(address: ImageAddress): boolean {
  return (
    address.from === 'label-studio' && /^\/(?:data\/upload|storage-data\/uploaded)\//u.test(address.path)
  );
}

function isTooMuch(unreadable: number, total: number): boolean {
  return unreadable >= TOLERATED || unreadable >= total * TOLERATED_SHARE;
}

function refusal(unreadable: readonly { task: number; reason: string }[], total: number): TrainingError {
  const reasons = unreadable.slice(0, SHOWN).map(({ task, reason }) => `task ${task}: ${reason}`);
  return new TrainingError(
    'images-unreadable',
    `The images of ${unreadable.length} of ${total} annotated tasks could not be read, which is too many to leave out (${reasons.join('; ')}). Open these tasks in Label Studio, repair or delete them, and train again.`,
  );
}

/** Without a second copy where the file system allows it. Nobody writes into an image. */
async function place(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'EACCES', 'ENOSYS'].includes(code))
      throw error;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
}
