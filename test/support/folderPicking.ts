import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';

export type Files = Readonly<Record<string, Uint8Array>>;

/** Gives the page's folder input a folder of this name; the paths may have folders in them. */
export async function chooseFolderOf(page: Page, name: string, files: Files): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'forelabel-folder-'));
  // The page reads the files when it is their turn, so they are there as long as the tests run.
  process.once('exit', () => rmSync(home, { recursive: true, force: true }));
  for (const [path, bytes] of Object.entries(files)) {
    const file = join(home, name, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
  await page.getByTestId('folder-input').setInputFiles(join(home, name));
  await page.waitForURL(/#\/preview/u);
}
