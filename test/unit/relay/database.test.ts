import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type Client } from '@libsql/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate, openDatabase } from '../../../src/relay/database.ts';

let home: string;
const open: Client[] = [];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'forelabel-db-'));
});
afterEach(async () => {
  for (const database of open.splice(0)) database.close();
  await rm(home, { recursive: true, force: true });
});

function other(): Client {
  const database = createClient({ url: `file:${join(home, 'other.db')}`, timeout: 5000 });
  open.push(database);
  return database;
}

const version = async (database: Client) =>
  (await database.execute('PRAGMA user_version')).rows[0]?.user_version;

describe('the database', () => {
  it('is made once, and stays as it is when it is opened again', async () => {
    const first = await openDatabase(join(home, 'new'));
    open.push(first);
    await first.execute('UPDATE job_revision SET value = 7');
    const second = await openDatabase(join(home, 'new'));
    open.push(second);
    expect((await second.execute('SELECT value FROM job_revision')).rows[0]?.value).toBe(7);
    expect((await second.execute('PRAGMA journal_mode')).rows[0]?.journal_mode).toBe('wal');
  });

  it.skipIf(process.platform === 'win32')(
    'is for its owner alone, in a home that others see into',
    async () => {
      await chmod(home, 0o755);
      open.push(await openDatabase(home), await openDatabase(join(home, 'new')));
      const modes = await Promise.all(
        (await readdir(home)).map(async (name) => (await stat(join(home, name))).mode & 0o077),
      );
      expect(modes).toHaveLength(4);
      expect(modes.every((mode) => mode === 0)).toBe(true);
    },
  );

  it('takes only the steps that it lacks', async () => {
    const database = other();
    await migrate(database, ['CREATE TABLE a (x);\nINSERT INTO a VALUES (1);']);
    await migrate(database, ['this is not looked at', 'CREATE TABLE b (y);']);
    expect(await version(database)).toBe(2);
    expect((await database.execute('SELECT x FROM a')).rows).toHaveLength(1);
  });

  it('takes a step whole or not at all', async () => {
    const database = other();
    await expect(migrate(database, ['CREATE TABLE a (x);\nCREATE TABLE a (x);'])).rejects.toThrow(
      'already exists',
    );
    expect(await version(database)).toBe(0);
    await migrate(database, ['CREATE TABLE a (x);']);
  });

  it('is left alone when another process was quicker', async () => {
    const [one, two] = [other(), other()];
    await migrate(one, ['CREATE TABLE a (x);']);
    // As if `two` had looked just before: it finds the version that `one` has made.
    await Promise.all([
      migrate(one, ['', 'CREATE TABLE b (x);', 'CREATE TABLE c (x);']),
      migrate(two, ['', 'CREATE TABLE b (x);', 'CREATE TABLE c (x);']),
    ]);
    expect(await version(two)).toBe(3);
  });

  it('of a newer Forelabel is used as it is', async () => {
    const database = other();
    await database.execute('PRAGMA user_version = 99');
    await migrate(database, ['CREATE TABLE a (x);']);
    expect(await version(database)).toBe(99);
  });
});
