import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient, type Client } from '@libsql/client';
import { migrations } from './migrations.ts';
import { makeHome } from './settings/privateFile.ts';

/** How long a write waits for another process's, in milliseconds. Ours take one or two. */
const PATIENCE = 5000;

/**
 * Opens `<home>/forelabel.db`, makes it when missing and brings it up to date. Several processes may do so at
 * once. `execute` and `batch` block the event loop while they work: keep statements small, and group those
 * that belong together with `batch(statements, 'write')`; an open `transaction()` locks out everybody else.
 */
export async function openDatabase(home: string): Promise<Client> {
  await makeHome(home);
  const file = join(home, 'forelabel.db');
  // Its owner's alone, in a home that others may look into too; SQLite's files beside it do as this one.
  await (await open(file, 'a', 0o600)).close();
  const database = createClient({ url: `file:${file}`, timeout: PATIENCE });
  try {
    // Readers go on while somebody writes. Stored in the file.
    await database.execute('PRAGMA journal_mode = WAL');
    await migrate(database, migrations);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** Applies what the database lacks; `user_version` counts what it has. */
export async function migrate(database: Client, steps: readonly string[]): Promise<void> {
  for (let version = await versionOf(database); version < steps.length; version = await versionOf(database)) {
    const step = steps[version] ?? '';
    try {
      // Together or not at all: a process that dies here leaves the version before.
      await database.batch([...statements(step), `PRAGMA user_version = ${version + 1}`], 'write');
    } catch (error) {
      // Another process was first: then its version is there, and ours was rolled back.
      if ((await versionOf(database)) <= version) throw error;
    }
  }
}

async function versionOf(database: Client): Promise<number> {
  const { rows } = await database.execute('PRAGMA user_version');
  return Number(rows[0]?.user_version ?? 0);
}

/** A migration holds plain statements, each ended by a semicolon at the end of a line. */
function statements(step: string): readonly string[] {
  return step
    .split(/;\s*$/mu)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
