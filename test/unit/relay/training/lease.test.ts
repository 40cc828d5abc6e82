import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@libsql/client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../../../../src/relay/database.ts';
import { identify } from '../../../../src/relay/training/executors/processIdentity.ts';
import { Lease } from '../../../../src/relay/training/lease.ts';

let home: string;
let database: Client;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'forelabel-lease-'));
  database = await openDatabase(home);
});
afterEach(async () => {
  database.close();
  await rm(home, { recursive: true, force: true });
});

const change = (column: string, value: string | number) =>
  database.execute({ sql: `UPDATE leases SET ${column} = ?`, args: [value] });

it('one has it, until it gives it back', async () => {
  const [one, other] = [new Lease(database), new Lease(database)];
  expect(await one.take()).toBe(true);
  expect(await one.take()).toBe(true);
  expect(await other.take()).toBe(false);
  expect(await other.beat()).toBe(false);
  await other.release();
  expect(await one.beat()).toBe(true);
  await one.release();
  expect(await other.take()).toBe(true);
  expect(await one.beat()).toBe(false);
});

it('is taken from an owner that was silent for too long, by one of those that wait', async () => {
  const silent = new Lease(database);
  await silent.take();
  await change('beat', Date.now() - 9000);
  expect(await new Lease(database).take()).toBe(false);
  await change('beat', Date.now() - 10_500);
  const waiting = Array.from({ length: 5 }, () => new Lease(database));
  const took = await Promise.all(waiting.map((lease) => lease.take()));
  expect(took.filter(Boolean)).toHaveLength(1);
  expect(await silent.beat()).toBe(false);
});

it('is taken at once from a process that is gone', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const found = await identify(child.pid ?? 0);
  await new Lease(database).take();
  await change('pid', found?.pid ?? 0);
  await change('started', found?.started ?? '');
  expect(await new Lease(database).take()).toBe(false);
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  expect(await new Lease(database).take()).toBe(true);
});

it('is taken from a process whose number another one has by now', async () => {
  await new Lease(database).take();
  await change('started', '1');
  expect(await new Lease(database).take()).toBe(true);
});

it('is left to a process of another machine as long as that one beats', async () => {
  await new Lease(database).take();
  await change('host', `not-${hostname()}`);
  await change('pid', 999_999_999);
  expect(await new Lease(database).take()).toBe(false);
});
