import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';

export type Files = Readonly<Record<string, Uint8Array>>;

/** A folder of this name on the disk, as long as the tests run: the page reads files when it is their turn. */
export async function folderOf(name: string, files: Files): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'forelabel-folder-'));
  process.once('exit', () => rmSync(home, { recursive: true, force: true }));
  for (const [path, bytes] of Object.entries(files)) {
    const file = join(home, name, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
  return join(home, name);
}

/** Gives the folder to the page's folder input. */
export async function chooseFolder(page: Page, folder: string): Promise<void> {
  await page.getByTestId('folder-input').setInputFiles(folder);
  await page.waitForURL(/#\/preview/u);
}

/** Drops files and folders onto the middle of the page, as a file manager does. */
export async function dropOnto(page: Page, paths: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', {
      type,
      x: 300,
      y: 300,
      data: { items: [], files: [...paths], dragOperationsMask: 1 },
    });
  }
  await session.detach();
}
