import { modelVersion, parseManifest } from '../detector/manifest.ts';
import type { Manifest } from '../detector/manifest.ts';
import type { Database } from './database.ts';
import { transact } from './transact.ts';

/** Manifests of the models that the user brought in; the engine keeps the files, by hash, in the Cache API. */
export interface ImportedModels {
  save(manifest: Manifest): Promise<void>;
  /** In the order of their versions. Rows that are no manifests any more are left out. */
  list(): Promise<readonly Manifest[]>;
  remove(version: string): Promise<void>;
}

/** Imported models in IndexedDB. All methods reject with `StoreError`. */
export function importedModels(database: Database): ImportedModels {
  return {
    save: (manifest) =>
      transact(database, ['models'], 'readwrite', async (transaction) => {
        await transaction.objectStore('models').put(manifest, modelVersion(manifest));
      }),
    list: () =>
      transact(database, ['models'], 'readonly', async (transaction) => {
        const rows = await transaction.objectStore('models').getAll();
        return rows.flatMap(readable);
      }),
    remove: (version) =>
      transact(database, ['models'], 'readwrite', async (transaction) => {
        await transaction.objectStore('models').delete(version);
      }),
  };
}

function readable(row: unknown): Manifest[] {
  try {
    return [parseManifest(row)];
  } catch {
    // Imported by a version with another manifest schema: its file has to be imported again anyway.
    return [];
  }
}
