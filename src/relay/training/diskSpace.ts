import { stat, statfs } from 'node:fs/promises';
import { TrainingError } from './contracts.ts';

/** Kept at once: the last, the best, and the next one that is being written. */
const CHECKPOINTS = 3;
/** A training checkpoint against the base's: weights in full precision (2) with the optimizer's two moments (3). */
const GROWTH = 6;
/** Logs, events, the exported model and what others write meanwhile. */
const SPARE = 100 * 2 ** 20;

/** Bytes that this user may still write where `folder` lies. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/**
 * Throws `TrainingError` 'disk-full' when the checkpoints of a training will not fit. The data set is there
 * already when this is asked.
 */
export async function checkSpace(
  folder: string,
  checkpoint: string,
  free: (folder: string) => Promise<number> = freeBytes,
): Promise<void> {
  const needed = CHECKPOINTS * GROWTH * (await stat(checkpoint)).size + SPARE;
  const left = await free(folder);
  if (left >= needed) return;
  throw new TrainingError(
    'disk-full',
    `The training needs about ${inMegabytes(needed)} in ${folder}, where ${inMegabytes(left)} are left. ` +
      'Free some space and resume the job.',
  );
}

const inMegabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MB`;
