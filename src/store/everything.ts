import { deleteDB } from 'idb';
import { BLOCKED_AFTER_MS, DATABASE_NAME, MIGRATIONS } from './database.ts';
import type { Database, ResultRow } from './database.ts';
import { StoreError, toStoreError } from './storeError.ts';
import { transact } from './transact.ts';

/** Rows read at a time: an export of 100,000 results must not need them all in memory. */
const PAGE = 200;

/** The first line of an export: what it is, for people and for `restoreEverything`. */
export interface ExportHeader {
  readonly forelabel: 'everything';
  /** Version of the database's schema that the rows are of. */
  readonly schema: number;
  readonly holds: string;
}

const HOLDS =
  'Every line after this one is a row: results (raw detections of each image and model version, with what a person has removed from them), outbox (results that Label Studio has not confirmed yet), runs, settings, manifests of imported models, and which projects were available offline. Not in here: tokens and other secrets, the images, and model files.';

/**
 * Everything that is kept here as JSON Lines: a header, then one line a row, `{"table": ..., "row": ...}`, each
 * with its line break. Secrets are left out, for an export is made to be passed on. Throws `StoreError`.
 */
export async function* exportEverything(database: Database): AsyncGenerator<string> {
  const header: ExportHeader = { forelabel: 'everything', schema: MIGRATIONS.length, holds: HOLDS };
  yield line(header);
  for (let last = 0; ;) {
    const rows = await resultsAfter(database, last);
    for (const { row, waits } of rows) {
      const result: ResultRow & { seq?: number } = { ...row };
      // A number of this database only.
      delete result.seq;
      yield line({ table: 'results', row: result });
      if (waits) {
        const { sourceId, modelVersion, key } = result;
        yield line({ table: 'outbox', row: { sourceId, modelVersion, key } });
      }
    }
    const seq = rows.at(-1)?.row.seq;
    if (seq === undefined) break;
    last = seq;
  }
  for (const name of ['runs', 'settings', 'models', 'offlineProjects'] as const) {
    const entries = await transact(database, [name], 'readonly', async (transaction) => {
      const rows = transaction.objectStore(name);
      const [keys, values] = await Promise.all([rows.getAllKeys(), rows.getAll()]);
      return keys.map((key, index) => ({ key, value: values[index] }));
    });
    for (const row of entries) yield line({ table: name, row });
  }
}

const line = (value: unknown): string => `${JSON.stringify(value)}\n`;

function resultsAfter(
  database: Database,
  seq: number,
): Promise<readonly { readonly row: ResultRow; readonly waits: boolean }[]> {
  return transact(database, ['results', 'outbox'], 'readonly', async (transaction) => {
    const rows = await transaction.objectStore('results').getAll(IDBKeyRange.lowerBound(seq, true), PAGE);
    const outbox = transaction.objectStore('outbox');
    return Promise.all(
      rows.map(async (row) => ({
        row,
        waits: row.seq !== undefined && (await outbox.getKey(row.seq)) !== undefined,
      })),
    );
  });
}

/**
 * Deletes the database, secrets and their key included, and the caches that `isOurs` accepts (the engine's model
 * files, images kept offline, the app's own). The connection is closed; the page is to be reloaded afterwards. Throws `StoreError` 'blocked' when
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
