/** What a job's folder holds of work that is done: what a later relay builds upon. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { modelVersion, parseManifest } from '../../detector/manifest.ts';
import type { TrainableModel } from './baseModel.ts';
import type { JobFolder } from './jobFolder.ts';
import type { JobRecord, StepName, WorkingState } from './jobRow.ts';
import { readFinal, readResult } from './trainerEvents.ts';

/** Number of the last attempt at a step; 0: it was never begun. */
export async function newestAttempt(folder: JobFolder, name: StepName): Promise<number> {
  let files: readonly string[] = [];
  try {
    files = await readdir(folder.step(name));
  } catch {
    // Never begun, or cleared away.
  }
  return Math.max(0, ...files.map((file) => Number(/^job-(\d+)\.json$/u.exec(file)?.[1] ?? 0)));
}

/** Config and checkpoint that the training made. */
export async function trainedModel(folder: JobFolder): Promise<TrainableModel> {
  const model = await findTrained(folder);
  if (model === undefined) throw new Error(`${folder.path} holds no finished training.`);
  return model;
}

async function findTrained(folder: JobFolder): Promise<TrainableModel | undefined> {
  const attempt = await newestAttempt(folder, 'train');
  const final = await readFinal(folder.command({ name: 'train', attempt }).eventsFile);
  if (final?.event !== 'finished') return undefined;
  const { config, checkpoint } = readResult.train(final);
  return (await isThere(checkpoint)) ? { config, checkpoint } : undefined;
}

/** Version of the exported model; undefined once it is registered and gone from here. */
export async function exportedVersion({ model }: JobFolder): Promise<string | undefined> {
  try {
    return modelVersion(parseManifest(JSON.parse(await readFile(join(model, 'model.json'), 'utf8'))));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * The state in which a job that is resumed goes on: where it stopped, unless what that builds upon is gone. A
 * training that failed before its first checkpoint collects again: the reason may have been the data.
 */
export async function whereToGoOn({ job, stage }: JobRecord, folder: JobFolder): Promise<WorkingState> {
  if (stage === 'collecting' || !(await isThere(folder.dataset))) return 'collecting';
  if (stage === 'training') {
    const begun = await isThere(join(folder.checkpoints, 'last_checkpoint'));
    return job.state === 'failed' && !begun ? 'collecting' : 'training';
  }
  return (await findTrained(folder)) === undefined ? 'collecting' : stage;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
