import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { FileEntry } from '../prelabel/fileSource.ts';
import { UsageError } from './errors.ts';

const imageEnding = /\.(?:jpe?g|jpe|jfif|png|webp|gif|bmp|tiff?|avif)$/iu;
/** 'img2' before 'img10', as people count, and the same on every machine. */
const natural = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/**
 * The images that paths name, in natural order. Of a folder: all files with the ending of an image, in its
 * subfolders too, hidden ones left out. A file is taken as it is named, whatever its ending.
 *
 * Of a single folder the paths are relative to it; otherwise they are as the user wrote them.
 * Throws `UsageError` when nothing that is named exists.
 */
export async function folderImages(paths: readonly string[]): Promise<readonly FileEntry[]> {
  const kinds = await Promise.all(paths.map(kindOf));
  if (kinds.every((kind) => kind === 'missing')) {
    const all = paths.length === 1 ? `${paths[0] ?? ''} does not exist.` : 'None of the images exists.';
    throw new UsageError(all, 'Check the path, and quote it if there are blanks in it.');
  }
  const lone = paths.length === 1 && kinds[0] === 'folder';
  const files = new Map<string, FileEntry>();
  for (const [index, path] of paths.entries()) {
    const found = kinds[index] === 'folder' ? await imagesBelow(path) : [path];
    for (const file of found) {
      const name = (lone ? relative(path, file) : file).replaceAll(sep, '/');
      // Named twice, or a folder and a file in it: once is enough.
      if (!files.has(name))
        files.set(name, { path: name, blob: async () => new Blob([await readFile(file)]) });
    }
  }
  return [...files.values()];
}

async function imagesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const shown = entries.filter(({ name }) => !name.startsWith('.'));
  shown.sort((a, b) => natural.compare(a.name, b.name) || (a.name < b.name ? -1 : 1));
  const found: string[] = [];
  for (const entry of shown) {
    const path = join(folder, entry.name);
    // A link to a folder may lead back up; a link to an image cannot.
    if (entry.isDirectory()) found.push(...(await imagesBelow(path)));
    else if (imageEnding.test(entry.name) && (await kindOf(path)) !== 'folder') found.push(path);
  }
  return found;
}

async function kindOf(path: string): Promise<'folder' | 'file' | 'missing'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return 'missing';
  }
}
