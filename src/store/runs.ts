import type { Database, RunRow } from './database.ts';
import { transact } from './transact.ts';

export type { RunRow } from './database.ts';

/** What runs there were: one row for a source and a model version, as starting it again goes on with it. */
export interface RunRecords {
  /** Writes the row, in place of an earlier one of the same source and version. */
  save(run: RunRow): Promise<void>;
  /** Latest first. */
  list(): Promise<readonly RunRow[]>;
  /** Removes the row with all results and outbox entries of its source and version. */
  remove(sourceId: string, modelVersion: string): Promise<void>;
}

/** Run records in IndexedDB. All methods reject with `StoreError`. */
export function runRecords(database: Database): RunRecords {
  return {
    save: (run) =>
      transact(database, ['runs'], 'readwrite', async (transaction) => {
        await transaction.objectStore('runs').put(run);
      }),
    list: () =>
      transact(database, ['runs'], 'readonly', async (transaction) => {
        const rows = await transaction.objectStore('runs').getAll();
        return rows.sort((a, b) => b.updatedAt - a.updatedAt);
      }),
    remove: (sourceId, modelVersion) =>
      transact(database, ['runs', 'results', 'outbox'], 'readwrite', async (transaction) => {
        const run = IDBKeyRange.only([sourceId, modelVersion]);
        const results = transaction.objectStore('results');
        const outbox = transaction.objectStore('outbox');
        await transaction.objectStore('runs').delete([sourceId, modelVersion]);
        for (const seq of await results.index('by-run').getAllKeys(run)) {
          await results.delete(seq);
          await outbox.delete(seq);
        }
      }),
  };
}
