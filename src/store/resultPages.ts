import type { Database, ResultRow } from './database.ts';
import { transact } from './transact.ts';
import type { ItemResult } from './types.ts';

/** Results read in one transaction: some hundred kilobytes, whatever the run's length. */
const PAGE = 200;

/** A row as the rest of the house knows it. */
export function withoutSeq(row: ResultRow): ItemResult {
  const result: { seq?: number } & ItemResult = { ...row };
  delete result.seq;
  return result;
}

/**
 * All results of a source and version in insertion order, a page at a time: nobody holds them all. What is stored
 * while it reads may be missing. Rejects with `StoreError`.
 */
export async function* resultPages(
  database: Database,
  sourceId: string,
  modelVersion: string,
): AsyncGenerator<readonly ItemResult[]> {
  const run = IDBKeyRange.only([sourceId, modelVersion]);
  // Numbers only, in their order: an index whose keys are all equal cannot be gone on with from the middle.
  const seqs = await transact(database, ['results'], 'readonly', (transaction) =>
    transaction.objectStore('results').index('by-run').getAllKeys(run),
  );
  for (let start = 0; start < seqs.length; start += PAGE) {
    const rows = await rowsOf(database, seqs.slice(start, start + PAGE));
    yield rows
      .filter((row) => row.sourceId === sourceId && row.modelVersion === modelVersion)
      .map(withoutSeq);
  }
}

/** The rows with these numbers, which are in order; perhaps others that lie between them. */
function rowsOf(database: Database, seqs: readonly number[]): Promise<readonly ResultRow[]> {
  return transact(database, ['results'], 'readonly', async (transaction) => {
    const results = transaction.objectStore('results');
    const [first = 0, last = first] = [seqs[0], seqs.at(-1)];
    // One request is much faster than one a row, unless the rows of other runs lie between them.
    if (last - first < 2 * seqs.length) return results.getAll(IDBKeyRange.bound(first, last));
    const rows = await Promise.all(seqs.map((seq) => results.get(seq)));
    return rows.filter((row) => row !== undefined);
  });
}

/** The results of some keys, in the order of the keys; those that there are none of are left out. */
export function resultsOfKeys(
  database: Database,
  sourceId: string,
  modelVersion: string,
  keys: readonly string[],
): Promise<readonly ItemResult[]> {
  return transact(database, ['results'], 'readonly', async (transaction) => {
    const index = transaction.objectStore('results').index('by-item');
    const rows = await Promise.all(keys.map((key) => index.get([sourceId, modelVersion, key])));
    return rows.filter((row) => row !== undefined).map(withoutSeq);
  });
}
