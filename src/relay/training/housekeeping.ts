import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { JobFolder, jobsFolder } from './jobFolder.ts';
import type { JobStore } from './jobStore.ts';

/** Data sets and checkpoints of the `keep` newest ended jobs stay; of older ones only events and log do. */
export async function clearOldFolders(home: string, store: JobStore, keep: number): Promise<void> {
  for (const { job, step } of await store.endedBefore(keep)) {
    // Its step is still being stopped: another time.
    if (step !== null) continue;
    const { large } = new JobFolder(home, job.id);
    await Promise.all(large.map((path) => rm(path, { recursive: true, force: true })));
  }
}

/**
 * Takes a job from the database and its folder from the disk; false where the job has not ended yet, or its step
 * is still being stopped. The folder is marked first: whoever finds it without its job knows that it may go.
 */
export async function removeJob(home: string, store: JobStore, id: string): Promise<boolean> {
  const folder = new JobFolder(home, id);
  // Without the mark, as on a full disk or where the folder is gone, only a death just now would leave it.
  await writeFile(folder.removed, '').catch(() => undefined);
  if (!(await store.remove(id))) {
    await rm(folder.removed, { force: true });
    return false;
  }
  await rm(folder.path, { recursive: true, force: true, maxRetries: 3 });
  return true;
}

/**
 * Removes what a relay left that died while it removed a job. Any other folder that this database does not know
 * stays: several relays may share the storage.
 */
export async function clearLostFolders(home: string, store: JobStore): Promise<void> {
  for (const id of await foldersOf(jobsFolder(home))) {
    const folder = new JobFolder(home, id);
    if (!(await isThere(folder.removed))) continue;
    if (await store.get(id)) await rm(folder.removed, { force: true });
    else await rm(folder.path, { recursive: true, force: true });
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

async function foldersOf(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch {
    // No job has run here yet.
    return [];
  }
}
