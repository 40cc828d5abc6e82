/**
 * The one IndexedDB database. Every earlier schema can be brought up to date: MIGRATIONS[i] turns version i
 * into version i + 1; a released migration is never edited.
 */
import { openDB } from 'idb';
import type { DBSchema, IDBPDatabase, IDBPTransaction, StoreNames } from 'idb';
import type { Project, Task } from '../labelstudio/types.ts';
import { StoreError, toStoreError } from './storeError.ts';
import type { ItemResult } from './types.ts';

/** `seq` orders results by when an item was first stored; it is also the key of the outbox row. */
export type ResultRow = ItemResult & { readonly seq?: number };

export interface RunRow {
  readonly sourceId: string;
  readonly modelVersion: string;
  readonly title: string;
  readonly startedAt: number;
  readonly updatedAt: number;
  readonly state: 'running' | 'done' | 'cancelled' | 'failed';
}

/** A project of a Label Studio whose tasks and images are kept here. */
export interface OfflineProjectRow {
  /** Address of the Label Studio, as `ConnectionInfo.url` gives it. */
  readonly server: string;
  readonly projectId: number;
  readonly project: Project;
  /** Key in `task.data` whose images are kept. */
  readonly imageField: string;
  /** How many are kept, and the bytes of their images. */
  readonly tasks: number;
  readonly bytes: number;
  /** All tasks that there were at the time are here. */
  readonly complete: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface ForelabelSchema extends DBSchema {
  results: {
    key: number;
    value: ResultRow;
    indexes: { 'by-item': [string, string, string]; 'by-run': [string, string] };
  };
  outbox: {
    key: number;
    value: { readonly seq: number; readonly sourceId: string; readonly modelVersion: string };
    indexes: { 'by-run': [string, string] };
  };
  runs: { key: [string, string]; value: RunRow };
  settings: { key: string; value: unknown };
  secrets: { key: string; value: unknown };
  models: { key: string; value: unknown };
  offlineProjects: { key: [string, number]; value: OfflineProjectRow };
  offlineTasks: {
    key: [string, number];
    value: {
      readonly server: string;
      readonly projectId: number;
      readonly taskId: number;
      readonly task: Task;
      readonly image: Blob;
    };
    indexes: { 'by-project': [string, number, number] };
  };
  folders: {
    key: string;
    value: { readonly sourceId: string; readonly handle: FileSystemDirectoryHandle; readonly at: number };
  };
}

export type Database = IDBPDatabase<ForelabelSchema>;
type Names = StoreNames<ForelabelSchema>;
export type Upgrade = IDBPTransaction<ForelabelSchema, Names[], 'versionchange'>;
export type Migration = (database: Database, upgrade: Upgrade) => void | Promise<void>;

export const DATABASE_NAME = 'forelabel';
/** How long another tab may hold up an upgrade or a deletion. */
export const BLOCKED_AFTER_MS = 5000;

export const MIGRATIONS: readonly Migration[] = [
  (database) => {
    const results = database.createObjectStore('results', { keyPath: 'seq', autoIncrement: true });
    results.createIndex('by-item', ['sourceId', 'modelVersion', 'key'], { unique: true });
    // Equal index keys are ordered by primary key, so this index yields insertion order.
    results.createIndex('by-run', ['sourceId', 'modelVersion']);
    const outbox = database.createObjectStore('outbox', { keyPath: 'seq' });
    outbox.createIndex('by-run', ['sourceId', 'modelVersion']);
    database.createObjectStore('runs', { keyPath: ['sourceId', 'modelVersion'] });
    database.createObjectStore('settings');
    database.createObjectStore('secrets');
    database.createObjectStore('models');
  },
  // Version 2: tasks kept for the time without Label Studio, and folders to open again.
  (database) => {
    database.createObjectStore('offlineProjects', { keyPath: ['server', 'projectId'] });
    const tasks = database.createObjectStore('offlineTasks', { keyPath: ['server', 'taskId'] });
    tasks.createIndex('by-project', ['server', 'projectId', 'taskId']);
    database.createObjectStore('folders', { keyPath: 'sourceId' });
  },
];

export interface OpenOptions {
  readonly name?: string;
  readonly migrations?: readonly Migration[];
  /** Told once when this connection ends without being asked to: another tab upgrades or deletes. */
  readonly onLost?: (why: StoreError) => void;
  /** Default: BLOCKED_AFTER_MS. */
  readonly blockedAfterMs?: number;
}

/** Opens the database and brings it up to date. Throws `StoreError`. */
export async function openDatabase(options: OpenOptions = {}): Promise<Database> {
  const migrations = options.migrations ?? MIGRATIONS;
  let lost = false;
  let migrationFailed: unknown = null;
  const lose = (code: 'outdated' | 'failed'): void => {
    if (lost) return;
    lost = true;
    options.onLost?.(new StoreError(code));
  };
  let giveUp: ReturnType<typeof setTimeout> | undefined;
  let onBlocked: (error: StoreError) => void = () => undefined;
  const blocked = new Promise<never>((_, reject) => (onBlocked = reject));

  const opening = openDB<ForelabelSchema>(options.name ?? DATABASE_NAME, migrations.length, {
    upgrade(database, oldVersion, _newVersion, upgrade) {
      const migrateAll = async (): Promise<void> => {
        for (const migrate of migrations.slice(oldVersion)) await migrate(database, upgrade);
      };
      // A failed migration leaves the old version as it was; opening then rejects.
      migrateAll().catch((error: unknown) => {
        migrationFailed = error;
        upgrade.abort();
      });
      upgrade.done.catch(() => undefined);
    },
    blocked() {
      giveUp = setTimeout(
        () => onBlocked(new StoreError('blocked')),
        options.blockedAfterMs ?? BLOCKED_AFTER_MS,
      );
    },
    blocking(_current, _wanted, event) {
      // Our own connection must not be what another tab's upgrade waits for.
      (event.target as IDBDatabase).close();
      lose('outdated');
    },
    terminated() {
      lose('failed');
    },
  });
  try {
    return await Promise.race([opening, blocked]);
  } catch (error) {
    // Should the other tab give way later, nobody would own the connection.
    void opening.then(
      (late) => late.close(),
      () => undefined,
    );
    throw toStoreError(migrationFailed ?? error);
  } finally {
    clearTimeout(giveUp);
  }
}
