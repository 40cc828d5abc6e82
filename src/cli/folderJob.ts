import { basename, resolve } from 'node:path';
import { fileSource } from '../prelabel/fileSource.ts';
import { CommandError } from './errors.ts';
import { folderImages } from './folderImages.ts';
import type { Job } from './job.ts';

/** The images of folders and files. Throws `UsageError`, or `CommandError` 'no-images'. */
export async function folderJob(paths: readonly string[]): Promise<Job> {
  const files = await folderImages(paths);
  if (files.length === 0) {
    throw new CommandError(
      'no-images',
      `There is no image in ${paths.join(', ')}. Forelabel looks for JPEG, PNG, WebP, GIF, BMP, TIFF and AVIF files.`,
    );
  }
  const name = basename(resolve(paths[0] ?? '.'));
  return {
    source: fileSource(`folder:${name}`, name, files),
    sink: undefined,
    mapping: null,
    notes: [],
    mayBeEmpty: false,
    nameOf: (result) => result.name,
  };
}
