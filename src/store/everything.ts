import { deleteDB } from 'idb';
import { BLOCKED_AFTER_MS, DATABASE_NAME } from './database.ts';
import type { Database, ResultRow } from './database.ts';
import { StoreError, toStoreError } from './storeError.ts';
import { transact } from './transact.ts';

/** Some text of a file; pieces of one file follow each other. */
export interface ExportPiece {
  readonly path: string;
  readonly text: string;
}

/** Rows read at a time: an export of 100,000 results must not need them all in memory. */
const PAGE = 200;

/**
 * Everything that is kept here, as files: results (JSON Lines, in order), runs, settings, imported models'
 * manifests. Secrets are left out, for an export is made to be passed on. Throws `StoreError`.
 */
export async function* exportEverything(database: Database): AsyncGenerator<ExportPiece> {
  yield { path: 'results.jsonl', text: '' };
  let last = 0;
  for (;;) {
    const rows = await resultsAfter(database, last);
    for (const row of rows) yield { path: 'results.jsonl', text: `${JSON.stringify(row)}\n` };
    const seq = rows.at(-1)?.seq;
    if (seq === undefined) break;
    last = seq;
  }
  for (const name of ['runs', 'settings', 'models'] as const) {
    const entries = await transact(database, [name], 'readonly', async (transaction) => {
      const rows = transaction.objectStore(name);
      const [keys, values] = await Promise.all([rows.getAllKeys(), rows.getAll()]);
      return keys.map((key, index) => ({ key, value: values[index] }));
    });
    yield { path: `${name}.json`, text: `${JSON.stringify(entries, null, 1)}\n` };
  }
}

function resultsAfter(database: Database, seq: number): Promise<readonly ResultRow[]> {
  return transact(database, ['results'], 'readonly', (transaction) =>
    transaction.objectStore('results').getAll(IDBKeyRange.lowerBound(seq, true), PAGE),
  );
}

/**
 * Deletes the database, secrets and their key included, and the caches that `isOurs` accepts (the engine's model
 * files). The connection is closed; the page is to be reloaded afterwards. Throws `StoreError` 'blocked' when
 * another tab does not let go.
 */
export async function deleteEverything(
  database: Database,
  isOurs: (cacheName: string) => boolean,
  name: string = DATABASE_NAME,
): Promise<void> {
  database.close();
  try {
    await deleted(name);
    for (const cacheName of await caches.keys()) if (isOurs(cacheName)) await caches.delete(cacheName);
  } catch (error) {
    throw toStoreError(error);
  }
}

function deleted(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let giveUp: ReturnType<typeof setTimeout> | undefined;
    const blocked = (): void => {
      // Other tabs let go when asked; one that writes just now needs a moment.
      giveUp = setTimeout(() => reject(new StoreError('blocked')), BLOCKED_AFTER_MS);
    };
    deleteDB(name, { blocked })
      .then(resolve, reject)
      .finally(() => clearTimeout(giveUp));
  });
}
