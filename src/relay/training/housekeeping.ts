import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
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

/** Removes folders whose job was removed by a relay that died before it came to the folder. */
export async function clearLostFolders(home: string, store: JobStore): Promise<void> {
  // In this order: a job's row is there before its folder.
  const folders = await foldersOf(jobsFolder(home));
  const known = await store.ids();
  for (const name of folders) {
    if (!known.has(name)) await rm(join(jobsFolder(home), name), { recursive: true, force: true });
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
