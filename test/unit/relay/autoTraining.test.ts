import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@libsql/client';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../../../src/relay/database.ts';
import { AutoTraining } from '../../../src/relay/mlBackend/autoTraining.ts';
import { projectSettingsStore } from '../../../src/relay/projectSettings/projectSettingsTable.ts';
import { fakeTraining } from '../../support/fakeTraining.ts';

let home: string;
let database: Client;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'forelabel-automatic-'));
  database = await openDatabase(home);
});
afterEach(async () => {
  database.close();
  await rm(home, { recursive: true });
});

it('is not put off for ever by annotators who are never quiet together', async () => {
  let now = 0;
  const waits: number[] = [];
  const settings = projectSettingsStore(database, () => Promise.resolve(null));
  await settings.change(7, { trainEvery: 2 });
  const automatic = new AutoTraining({
    settings,
    training: fakeTraining(),
    log: pino({ level: 'silent' }),
    setTimer: (_callback, ms) => {
      waits.push(ms);
      return () => undefined;
    },
    now: () => now,
  });
  const annotateAt = async (time: number) => {
    now = time;
    automatic.annotated(7, 1);
    await automatic.idle();
  };
  await annotateAt(0);
  for (const time of [1000, 9000, 100_000, 118_000, 130_000]) await annotateAt(time);
  automatic.close();
  expect(waits).toEqual([10_000, 10_000, 10_000, 3000, 0]);
});
