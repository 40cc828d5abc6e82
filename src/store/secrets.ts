import type { Database } from './database.ts';
import { toStoreError } from './storeError.ts';
import { transact } from './transact.ts';

/**
 * Tokens that the user asked to have remembered: AES-GCM under a key that no script can read out, neither ours
 * nor a foreign one; it can only be used from this origin in this browser profile. This keeps tokens out of
 * copies of the database's contents and of exports, not from code that runs in this page.
 */
export interface Secrets {
  save(name: string, text: string): Promise<void>;
  /** null when none is kept under that name, or when it can no longer be decrypted. */
  load(name: string): Promise<string | null>;
  forget(name: string): Promise<void>;
}

const KEY_ROW = 'key';
const rowOf = (name: string): string => `secret:${name}`;

interface SecretRow {
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly bytes: ArrayBuffer;
}

/** Secrets in IndexedDB. All methods reject with `StoreError`; no error holds a secret. */
export function secretStore(database: Database): Secrets {
  return {
    async save(name, text) {
      const key = await keyOf(database);
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const bytes = await crypto.subtle.encrypt(cipher(name, iv), key, new TextEncoder().encode(text));
      const row: SecretRow = { iv, bytes };
      await transact(database, ['secrets'], 'readwrite', async (transaction) => {
        await transaction.objectStore('secrets').put(row, rowOf(name));
      });
    },

    async load(name) {
      const [key, row] = await transact(database, ['secrets'], 'readonly', (transaction) => {
        const secrets = transaction.objectStore('secrets');
        return Promise.all([secrets.get(KEY_ROW), secrets.get(rowOf(name))]);
      });
      if (!(key instanceof CryptoKey) || !isSecretRow(row)) return null;
      try {
        const bytes = await crypto.subtle.decrypt(cipher(name, row.iv), key, row.bytes);
        return new TextDecoder().decode(bytes);
      } catch {
        // Damaged or moved between names: as good as forgotten, the user types it again.
        return null;
      }
    },

    forget: (name) =>
      transact(database, ['secrets'], 'readwrite', async (transaction) => {
        await transaction.objectStore('secrets').delete(rowOf(name));
      }),
  };
}

/** The name is authenticated with the text, so that one secret cannot be passed off as another. */
function cipher(name: string, iv: Uint8Array<ArrayBuffer>): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(name) };
}

async function keyOf(database: Database): Promise<CryptoKey> {
  let fresh: CryptoKey;
  try {
    // Made beforehand, for a transaction does not live through other waits; thrown away when there is one.
    fresh = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  } catch (error) {
    throw toStoreError(error);
  }
  return transact(database, ['secrets'], 'readwrite', async (transaction) => {
    const secrets = transaction.objectStore('secrets');
    const kept = await secrets.get(KEY_ROW);
    if (kept instanceof CryptoKey) return kept;
    await secrets.put(fresh, KEY_ROW);
    return fresh;
  });
}

function isSecretRow(row: unknown): row is SecretRow {
  return (
    typeof row === 'object' &&
    row !== null &&
    'iv' in row &&
    row.iv instanceof Uint8Array &&
    'bytes' in row &&
    row.bytes instanceof ArrayBuffer
  );
}
