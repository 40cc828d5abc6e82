import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@libsql/client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../../../src/relay/database.ts';
import { resultStore } from '../../../src/relay/results/resultTable.ts';
import type { StoredResult } from '../../../src/training/api.ts';

let home: string;
let database: Client;
const access = () => Promise.resolve({ url: 'http://127.0.0.1:8080', token: 'x' });
const result = (task: number, score = 0.5): StoredResult => ({
  ...{ project: 1, task, modelVersion: 'm', width: 10, height: 20 },
  detections: [{ x1: 1, y1: 2, x2: 3, y2: 4, score, label: 0 }],
});
const at = (...ids: number[]) => ids.map((id) => ({ id, address: undefined }));

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'forelabel-results-'));
  database = await openDatabase(home);
});
afterEach(async () => {
  database.close();
  await rm(home, { recursive: true });
});

it('gives back what was put, the newest of each task, whichever name of this machine Label Studio has', async () => {
  const store = resultStore(database, access);
  await store.put([result(1), result(2), result(1, 0.7)]);
  const other = resultStore(database, () => Promise.resolve({ url: 'http://localhost:8080', token: 'x' }));
  const found = await other.find(1, 'm', 'image', at(1, 2, 3));
  expect([...found.keys()].sort()).toEqual([1, 2]);
  expect(found.get(1)).toEqual({ width: 10, height: 20, detections: result(1, 0.7).detections });
  expect((await store.find(2, 'm', 'image', at(1))).size).toBe(0);
  expect((await store.find(1, 'n', 'image', at(1))).size).toBe(0);
});

it('takes many at a time, and lets others have their turn', async () => {
  const store = resultStore(database, access);
  const tasks = Array.from({ length: 2500 }, (_, index) => index + 1);
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  await store.put(tasks.map((task) => result(task)));
  expect((await store.find(1, 'm', 'image', at(...tasks))).size).toBe(2500);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(5);
});

it('forgets the oldest beyond its bound', async () => {
  const store = resultStore(database, access, 10);
  for (let task = 1; task <= 30; task += 10) {
    await store.put(Array.from({ length: 10 }, (_, index) => result(task + index)));
  }
  const tasks = Array.from({ length: 30 }, (_, index) => index + 1);
  expect([...(await store.find(1, 'm', 'image', at(...tasks))).keys()].sort()).toEqual([
    21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
  ]);
});

it('tells the images of a task apart, and one that was replaced', async () => {
  const store = resultStore(database, access);
  const front = { ...result(1, 0.1), field: 'front', address: '/data/upload/1/front.jpg' };
  const back = { ...result(1, 0.2), field: 'back', address: '/data/upload/1/back.jpg' };
  await store.put([front, back]);
  const score = async (field: string, address: string) =>
    (await store.find(1, 'm', field, [{ id: 1, address }])).get(1)?.detections[0]?.score;
  expect(await score('front', front.address)).toBe(0.1);
  expect(await score('back', back.address)).toBe(0.2);
  expect(await score('side', '/data/upload/1/side.jpg')).toBeUndefined();
  expect(await score('front', '/data/upload/1/another.jpg')).toBeUndefined();
  // The page says no address, and perhaps no field.
  await store.put([result(1, 0.3), { ...result(1, 0.4), field: 'back' }]);
  expect(await score('front', front.address)).toBe(0.1);
  expect(await score('back', '/data/upload/1/another.jpg')).toBe(0.4);
  expect(await score('side', '/data/upload/1/side.jpg')).toBe(0.3);
});

it('keeps no address, which may be a key to the image', async () => {
  const address = 'https://bucket.example/a.jpg?X-Amz-Signature=0123456789';
  await resultStore(database, access).put([{ ...result(1), field: 'image', address }]);
  const { rows } = await database.execute('SELECT * FROM results');
  expect(JSON.stringify(rows)).not.toContain('0123456789');
});

it('a row that cannot be read costs the others nothing', async () => {
  const store = resultStore(database, access);
  await store.put([result(1), result(2), result(3)]);
  await database.execute(`UPDATE results SET detections = '[{"x1":null}]' WHERE task = 2`);
  await database.execute(`UPDATE results SET detections = 'no JSON' WHERE task = 3`);
  expect([...(await store.find(1, 'm', 'image', at(1, 2, 3))).keys()]).toEqual([1]);
});
