import { fileSource } from '../../prelabel/fileSource.ts';
import type { FileEntry } from '../../prelabel/fileSource.ts';
import type { Source } from '../../prelabel/types.ts';

/** Also kinds that browsers do not decode: left out without a word they would be missed, failed they are named. */
const imageName = /\.(?:jpe?g|jfif|png|webp|gif|bmp|avif|ico|tiff?|hei[cf]|jxl)$/iu;

const isWanted = (path: string): boolean => imageName.test(path) && !/(?:^|\/)\./u.test(path);

/** A folder's images as a source. Throws, for people, when there is none among the files. */
function sourceFrom(name: string, files: readonly FileEntry[]): Source {
  const images = files
    .filter(({ path }) => isWanted(path))
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
    list.map((file) => entryOf(file.webkitRelativePath.split('/').slice(1).join('/') || file.name, file)),
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

/** A folder that the page may read (File System Access); it can be opened again at the next visit. */
export async function sourceFromHandle(folder: FileSystemDirectoryHandle): Promise<Source> {
  const files: FileEntry[] = [];
  await walk(folder, '', files);
  return sourceFrom(folder.name, files);
}

async function walk(folder: FileSystemDirectoryHandle, path: string, into: FileEntry[]): Promise<void> {
  for await (const child of folder.values()) {
    const childPath = path === '' ? child.name : `${path}/${child.name}`;
    if (child.kind === 'directory') await walk(child, childPath, into);
    else if (isWanted(childPath)) {
      const handle = child;
      const { stamp } = entryOf(childPath, await handle.getFile());
      // Asked for again when it is its turn: a hundred thousand open files are too many.
      into.push({ path: childPath, stamp, blob: () => handle.getFile() });
    }
  }
}

function entryOf(path: string, file: File): FileEntry & { readonly stamp: string } {
  return { path, stamp: `${file.size}-${file.lastModified}`, blob: () => Promise.resolve(file) };
}

async function collect(entry: FileSystemEntry, path: string, into: FileEntry[]): Promise<void> {
  if (isFile(entry)) {
    if (isWanted(path)) {
      const read = (): Promise<File> => new Promise((done, failed) => entry.file(done, failed));
      into.push({ ...entryOf(path, await read()), blob: read });
    }
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
