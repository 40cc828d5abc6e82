import type { Database } from './database.ts';
import { resultPages, resultsOfKeys, withoutSeq } from './resultPages.ts';
import { transact } from './transact.ts';
import type { ItemError, ItemResult, ResultStore } from './types.ts';

interface Put {
  readonly result: ItemResult;
  readonly queueForPosting: boolean;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** One transaction for all: each is stored and queued, or none is. */
function putAll(database: Database, puts: readonly Put[]): Promise<void> {
  return transact(database, ['results', 'outbox'], 'readwrite', async (transaction) => {
    const results = transaction.objectStore('results');
    const outbox = transaction.objectStore('outbox');
    for (const { result, queueForPosting } of puts) {
      const { sourceId, modelVersion, key } = result;
      const known = await results.index('by-item').getKey([sourceId, modelVersion, key]);
      const seq = await results.put(known === undefined ? result : { ...result, seq: known });
      if (result.state === 'failed') await outbox.delete(seq);
      else if (queueForPosting) await outbox.put({ seq, sourceId, modelVersion });
    }
  });
}

/**
 * Writes what comes while a transaction is on its way together in the next one: a commit takes longer than a row.
 * When several fail together, each is tried alone, so that a row that cannot be stored fails nobody else.
 */
function puttingTogether(
  database: Database,
): (result: ItemResult, queueForPosting: boolean) => Promise<void> {
  const waiting: Put[] = [];
  let busy = false;
  const putOrReject = async (puts: readonly Put[]): Promise<void> => {
    try {
      await putAll(database, puts);
      for (const { resolve } of puts) resolve();
    } catch (error) {
      if (puts.length > 1) for (const put of puts) await putOrReject([put]);
      else for (const { reject } of puts) reject(error);
    }
  };
  const writeAll = async (): Promise<void> => {
    busy = true;
    while (waiting.length > 0) await putOrReject(waiting.splice(0, TOGETHER));
    busy = false;
  };
  return (result, queueForPosting) =>
    new Promise((resolve, reject) => {
      waiting.push({ result, queueForPosting, resolve, reject });
      if (!busy) void writeAll();
    });
}

/** Rows a transaction: more would hold up readers for no gain. */
const TOGETHER = 32;

/** Results and outbox in IndexedDB. All methods reject with `StoreError`. */
export function resultStore(database: Database): ResultStore {
  const put = puttingTogether(database);
  const range = (sourceId: string, modelVersion: string): IDBKeyRange =>
    IDBKeyRange.only([sourceId, modelVersion]);

  return {
    get: (sourceId, key, modelVersion) =>
      transact(database, ['results'], 'readonly', async (transaction) => {
        const index = transaction.objectStore('results').index('by-item');
        const row = await index.get([sourceId, modelVersion, key]);
        return row === undefined ? undefined : withoutSeq(row);
      }),

    put: (result, { queueForPosting }) => put(result, queueForPosting),

    requeue: (sourceId, modelVersion, keys) =>
      transact(database, ['results', 'outbox'], 'readwrite', async (transaction) => {
        const results = transaction.objectStore('results');
        const outbox = transaction.objectStore('outbox');
        for (const key of keys) {
          const row = await results.index('by-item').get([sourceId, modelVersion, key]);
          if (row?.seq === undefined || row.state !== 'done') continue;
          if (row.error !== null) await results.put({ ...row, error: null });
          await outbox.put({ seq: row.seq, sourceId, modelVersion });
        }
      }),

    outbox: (sourceId, modelVersion, limit) =>
      transact(database, ['results', 'outbox'], 'readonly', async (transaction) => {
        const waiting = transaction.objectStore('outbox').index('by-run');
        const seqs = await waiting.getAllKeys(range(sourceId, modelVersion), limit);
        const results = transaction.objectStore('results');
        const rows = await Promise.all(seqs.map((seq) => results.get(seq)));
        return rows.filter((row) => row !== undefined).map(withoutSeq);
      }),

    countWaiting: () =>
      transact(database, ['outbox'], 'readonly', (transaction) => transaction.objectStore('outbox').count()),

    confirm: (sourceId, modelVersion, keys) =>
      transact(database, ['results', 'outbox'], 'readwrite', async (transaction) => {
        const items = transaction.objectStore('results').index('by-item');
        const outbox = transaction.objectStore('outbox');
        for (const key of keys) {
          const seq = await items.getKey([sourceId, modelVersion, key]);
          if (seq !== undefined) await outbox.delete(seq);
        }
      }),

    reject: (sourceId, modelVersion, key, error: ItemError) =>
      transact(database, ['results', 'outbox'], 'readwrite', async (transaction) => {
        const results = transaction.objectStore('results');
        const row = await results.index('by-item').get([sourceId, modelVersion, key]);
        if (row?.seq === undefined) return;
        await results.put({ ...row, error });
        await transaction.objectStore('outbox').delete(row.seq);
      }),

    all: (sourceId, modelVersion) =>
      transact(database, ['results'], 'readonly', async (transaction) => {
        const rows = await transaction
          .objectStore('results')
          .index('by-run')
          .getAll(range(sourceId, modelVersion));
        return rows.map(withoutSeq);
      }),

    pages: (sourceId, modelVersion) => resultPages(database, sourceId, modelVersion),

    some: (sourceId, modelVersion, keys) => resultsOfKeys(database, sourceId, modelVersion, keys),
  };
}
