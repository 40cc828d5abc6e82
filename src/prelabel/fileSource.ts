import type { Source, SourceItem } from './types.ts';

/** The bytes of a local file could not be read. */
export class FileReadError extends Error {
  override readonly name = 'FileReadError';
  readonly code = 'file-unreadable';
}

export interface FileEntry {
  /** Relative to what was picked, with '/': 'birds/1.jpg'. Unique within the source. */
  readonly path: string;
  /**
   * What changes when the file does: its size and time, say. Two folders of one name, and a file that was edited,
   * are then told apart from what was run before.
   */
  readonly stamp?: string;
  /** Called when it is the file's turn: a folder of gigabytes is never held. */
  blob(): Promise<Blob>;
}

/** Images of a local folder or a selection of files. `id`: 'folder:<name>'. */
export function fileSource(id: string, title: string, files: readonly FileEntry[]): Source {
  const items = files.map((file): SourceItem => ({
    key: file.stamp === undefined ? `file:${file.path}` : `file:${file.path}#${file.stamp}`,
    name: file.path,
    taskId: null,
    async load() {
      try {
        return await file.blob();
      } catch (cause) {
        throw new FileReadError(
          `${file.path} could not be read. It may have been moved, deleted or changed since it was picked; pick it again.`,
          { cause },
        );
      }
    },
  }));
  const keys = new Set(items.map(({ key }) => key));
  return {
    id,
    title,
    has: (key) => keys.has(key),
    count: () => Promise.resolve(items.length),
    async *items(signal) {
      for (const item of items) {
        signal.throwIfAborted();
        // Gives the loop that reads it a turn between items, as a listing over the network does.
        yield await Promise.resolve(item);
      }
    },
  };
}
