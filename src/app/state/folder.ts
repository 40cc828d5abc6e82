import { fileSource } from '../../prelabel/fileSource.ts';
import type { FileEntry } from '../../prelabel/fileSource.ts';
import type { Source } from '../../prelabel/types.ts';

const imageName = /\.(?:jpe?g|png|webp|gif|bmp|avif)$/iu;

/** A folder's images as a source. Throws, for people, when there is none among the files. */
function sourceFrom(name: string, files: readonly FileEntry[]): Source {
  const images = files
    .filter(({ path }) => imageName.test(path) && !/(?:^|\/)\./u.test(path))
    .sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }));
  if (images.length === 0) {
    throw new Error(
      `There are no images in ${name}. Choose a folder that holds JPEG, PNG, WebP, GIF or BMP files.`,
    );
  }
  return fileSource(`folder:${name}`, name, images);
}

/** What a folder input holds: paths start with the folder's name. */
export function sourceFromInput(files: FileList): Source {
  const list = [...files];
  const folder = list[0]?.webkitRelativePath.split('/')[0] ?? '';
  const name = folder === '' ? 'Chosen images' : folder;
  return sourceFrom(
    name,
    list.map((file) => ({
      path: file.webkitRelativePath.split('/').slice(1).join('/') || file.name,
      blob: () => Promise.resolve(file),
    })),
  );
}

/** What was dropped onto the page: one folder, or several files and folders together. */
export async function sourceFromDrop(transfer: DataTransfer): Promise<Source> {
  // Entries must be taken before the first wait: the list is emptied when the event is over.
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const [only] = entries;
  const single = entries.length === 1 && only?.isDirectory === true ? only : null;
  const files: FileEntry[] = [];
  for (const entry of entries) await collect(entry, single === null ? entry.name : '', files);
  return sourceFrom(single?.name ?? 'Dropped images', files);
}

async function collect(entry: FileSystemEntry, path: string, into: FileEntry[]): Promise<void> {
  if (isFile(entry)) {
    into.push({ path, blob: () => new Promise<File>((done, failed) => entry.file(done, failed)) });
    return;
  }
  if (!isFolder(entry)) return;
  const reader = entry.createReader();
  for (;;) {
    // A reader gives a hundred entries at a time, and none at the end.
    const part = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
    if (part.length === 0) return;
    for (const child of part) await collect(child, path === '' ? child.name : `${path}/${child.name}`, into);
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}
