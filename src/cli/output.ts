import { createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import type { FormatName } from '../formats/format.ts';
import type { FilePiece } from '../formats/writer.ts';
import { UsageError } from './errors.ts';
import { PartialFile } from './partialFile.ts';
import { isFolderFormat } from './predictArgs.ts';

/**
 * Fails before the model is loaded when `out` cannot be what the format needs, so that nobody waits for hours
 * to learn it. Throws `UsageError`.
 */
export async function checkOut(out: string, format: FormatName): Promise<void> {
  if (out === '-') return;
  const kind = await kindOf(out);
  if (isFolderFormat(format) && kind === 'file') {
    throw new UsageError(`${out} is a file.`, `The format ${format} is a folder of files: name a folder.`);
  }
  if (!isFolderFormat(format) && kind === 'folder') {
    throw new UsageError(
      `${out} is a folder.`,
      `Name a file in it, such as --out ${join(out, exampleName(format))}.`,
    );
  }
}

/**
 * Writes what a format yields.
 * - jsonl: each line as it comes, so that an interrupted run leaves every line it has made.
 * - other files: beside the goal, and renamed in the end, so that no half file ever has its name.
 * - a folder: each file in the same way.
 */
export async function writeOut(
  pieces: AsyncIterable<FilePiece>,
  out: string,
  format: FormatName,
): Promise<void> {
  if (out === '-') return writeTo(process.stdout, pieces);
  if (isFolderFormat(format)) return writeFolder(pieces, out);
  if (format === 'jsonl') {
    await mkdir(dirname(out), { recursive: true });
    return pipeline(texts(pieces), createWriteStream(out));
  }
  const file = await PartialFile.open(out);
  try {
    for await (const text of texts(pieces)) await file.write(text);
    await file.finish();
  } catch (error) {
    await file.discard();
    throw error;
  }
}

async function* texts(pieces: AsyncIterable<FilePiece>): AsyncGenerator<string> {
  for await (const { text } of pieces) if (text !== '') yield text;
}

/** stdout must stay open: `pipeline` would close it. */
async function writeTo(stream: NodeJS.WriteStream, pieces: AsyncIterable<FilePiece>): Promise<void> {
  for await (const text of texts(pieces)) {
    if (!stream.write(text)) await once(stream, 'drain');
  }
}

async function writeFolder(pieces: AsyncIterable<FilePiece>, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  let file: PartialFile | null = null;
  for await (const { path, text } of pieces) {
    const goal = join(folder, path);
    if (file?.path !== goal) {
      await file?.finish();
      file = await PartialFile.open(goal);
    }
    await file.write(text);
  }
  await file?.finish();
}

function exampleName(format: FormatName): string {
  return format === 'jsonl' ? 'boxes.jsonl' : `${format}.json`;
}

async function kindOf(path: string): Promise<'folder' | 'file' | 'missing'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return 'missing';
  }
}
