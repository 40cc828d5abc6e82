import { cp, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Puts a finished model folder among the user's models, by one rename: there is the whole model or none.
 * A model of that version which is there already is the same one, from before a death or of an equal training.
 * False: there is neither.
 */
export async function registerModel(exported: string, models: string, version: string): Promise<boolean> {
  const target = join(models, version);
  if (!(await isFile(join(target, 'model.json')))) {
    if (!(await isFile(join(exported, 'model.json')))) return false;
    await mkdir(models, { recursive: true });
    await sync(exported);
    await move(exported, target);
    await syncFolder(models);
  }
  await rm(exported, { recursive: true, force: true });
  return true;
}

async function move(exported: string, target: string): Promise<void> {
  try {
    await rename(exported, target);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    // The models lie on another disk: copied under a name that no catalog shows, then renamed.
    const partial = join(dirname(target), `.${basename(target)}.partial`);
    await rm(partial, { recursive: true, force: true });
    await cp(exported, partial, { recursive: true });
    await sync(partial);
    await rename(partial, target);
  }
}

/** On the disk before the name is: a power cut must not leave a model of empty files. */
async function sync(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = await open(join(folder, name), 'r');
    await file.sync();
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  await handle.sync();
  await handle.close();
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
