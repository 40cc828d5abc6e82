import type { Database } from './database.ts';
import { transact } from './transact.ts';

/** Folders of this computer that the user has let the page read, to be opened again without looking for them. */
export interface Folders {
  save(sourceId: string, handle: FileSystemDirectoryHandle): Promise<void>;
  /** The one that was opened last, or null. */
  last(): Promise<FileSystemDirectoryHandle | null>;
  forget(): Promise<void>;
}

/** Handles of folders in IndexedDB: no path and no content. All methods reject with `StoreError`. */
export function folderHandles(database: Database): Folders {
  return {
    save: (sourceId, handle) =>
      transact(database, ['folders'], 'readwrite', async (transaction) => {
        await transaction.objectStore('folders').put({ sourceId, handle, at: Date.now() });
      }),
    last: () =>
      transact(database, ['folders'], 'readonly', async (transaction) => {
        const rows = await transaction.objectStore('folders').getAll();
        return rows.sort((a, b) => b.at - a.at)[0]?.handle ?? null;
      }),
    forget: () =>
      transact(database, ['folders'], 'readwrite', async (transaction) => {
        await transaction.objectStore('folders').clear();
      }),
  };
}
