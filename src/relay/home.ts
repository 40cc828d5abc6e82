import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import envPaths from 'env-paths';
import type { ModelsFolder } from './modelCatalog.ts';

/**
 * The folder of the installed package. Found by its package.json, because this file lies at a different
 * depth in `src/` (tests) and in `dist/node/` (everything else).
 */
export const packageFolder = findPackage(dirname(fileURLToPath(import.meta.url)));

export const packageVersion = readVersion(packageFolder);

/** The built web app. */
export const appFolder = join(packageFolder, 'dist', 'app');

/** FORELABEL_HOME, else the platform's data folder (`~/.local/share/forelabel`, ...). It need not exist. */
export function forelabelHome(env: NodeJS.ProcessEnv = process.env): string {
  const chosen = env.FORELABEL_HOME;
  if (chosen !== undefined && chosen !== '') return resolve(chosen);
  return envPaths('forelabel', { suffix: '' }).data;
}

/** Where models live: those that come with the package, then the user's own. */
export function modelsFolders(env: NodeJS.ProcessEnv = process.env): readonly ModelsFolder[] {
  return [
    { path: join(packageFolder, 'models'), origin: 'bundled' },
    { path: join(forelabelHome(env), 'models'), origin: 'own' },
  ];
}

function findPackage(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (packageName(folder) === 'forelabel') return folder;
    if (folder === dirname(folder)) throw new Error('Forelabel cannot find its own files. Install it again.');
  }
}

function packageName(folder: string): string | undefined {
  try {
    const json = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string };
    return json.name;
  } catch {
    return undefined;
  }
}

function readVersion(folder: string): string {
  const json = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  return json.version;
}
