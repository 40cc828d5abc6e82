import type { IDBPTransaction } from 'idb';
import type { StoreNames } from 'idb';
import type { Database, ForelabelSchema } from './database.ts';
import { toStoreError } from './storeError.ts';

type Names = StoreNames<ForelabelSchema>;

/**
 * Runs `work` in one transaction and resolves when it is committed; all of it happens or none of it.
 * Durability is the browser's default ('relaxed'): a killed tab or browser loses nothing; after a power cut the
 * last seconds may be missing, and are then neither counted nor marked as posted, so they are simply redone.
 */
export async function transact<const N extends Names[], M extends 'readonly' | 'readwrite', T>(
  database: Database,
  names: N,
  mode: M,
  work: (transaction: IDBPTransaction<ForelabelSchema, N, M>) => Promise<T>,
): Promise<T> {
  let transaction: IDBPTransaction<ForelabelSchema, N, M>;
  try {
    transaction = database.transaction(names, mode);
  } catch (error) {
    throw toStoreError(error);
  }
  // Awaited below; marked as handled now, for it may reject while `work` still waits.
  const committed = transaction.done;
  committed.catch(() => undefined);
  try {
    const value = await work(transaction);
    await committed;
    return value;
  } catch (error) {
    try {
      transaction.abort();
    } catch {
      // Aborted already: that is what brought us here.
    }
    // A full disk aborts the transaction: its requests then only say AbortError, the reason stands here.
    throw toStoreError(transaction.error ?? error);
  }
}
