import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes FORELABEL_HOME for its owner alone. One that exists stays as it is: it may be shared on purpose. */
export async function makeHome(home: string): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 });
}

/**
 * Writes a file whole or not at all. The mode holds from the first byte on: nobody can open the file in
 * between and keep it open.
 */
export async function writeAtomically(file: string, text: string, mode: number): Promise<void> {
  await makeHome(dirname(file));
  const partial = `${file}.${process.pid}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    const handle = await open(partial, 'wx', mode);
    try {
      await handle.writeFile(text);
      // A crash of the machine must not leave an empty file under the good name.
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** Takes a file away from everybody but its owner. True when it was open to others. */
export async function narrow(file: string): Promise<boolean> {
  // Windows keeps the user's own folders to the user, and has no such modes.
  if (process.platform === 'win32') return false;
  const { mode } = await stat(file);
  if ((mode & 0o077) === 0) return false;
  await chmod(file, 0o600);
  return true;
}
