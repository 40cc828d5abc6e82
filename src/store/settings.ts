import * as v from 'valibot';
import type { Database } from './database.ts';
import { transact } from './transact.ts';

/** A setting: its key, what it may hold, and what it is until somebody changes it. */
export interface Setting<T> {
  readonly key: string;
  readonly schema: v.GenericSchema<unknown, T>;
  readonly initial: T;
}

/** Settings of this browser. All methods reject with `StoreError`. */
export interface Settings {
  /** The initial value when nothing is stored, or something that is no longer valid. */
  read<T>(setting: Setting<T>): Promise<T>;
  write<T>(setting: Setting<T>, value: T): Promise<void>;
}

export function settingsStore(database: Database): Settings {
  return {
    read: (setting) =>
      transact(database, ['settings'], 'readonly', async (transaction) => {
        const stored = v.safeParse(
          setting.schema,
          await transaction.objectStore('settings').get(setting.key),
        );
        return stored.success ? stored.output : setting.initial;
      }),
    write: (setting, value) =>
      transact(database, ['settings'], 'readwrite', async (transaction) => {
        await transaction.objectStore('settings').put(value, setting.key);
      }),
  };
}
