import { deleteDB } from 'idb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Project } from '../../../src/labelstudio/types.ts';
import { openDatabase } from '../../../src/store/database.ts';
import type { Database } from '../../../src/store/database.ts';
import { offlineTasks } from '../../../src/store/offlineTasks.ts';

const server = 'http://ls.test';
const project = (id: number): Project => ({
  id,
  title: `Project ${id}`,
  taskCount: 3,
  labelConfig: '<View/>',
  modelVersion: null,
});
const task = (id: number, bytes = 10) => ({
  task: { id, data: { image: `/data/${id}.jpg` } },
  image: new Blob([new Uint8Array(bytes).fill(id)]),
});

let name = '';
let database: Database;
beforeEach(async () => {
  name = `test-${crypto.randomUUID()}`;
  database = await openDatabase({ name });
});
afterEach(async () => {
  database.close();
  await deleteDB(name);
});

describe('a project that is kept offline', () => {
  it('has its tasks in order, with their images, also after the database was opened anew', async () => {
    await offlineTasks(database).begin(server, project(3), 'image');
    await offlineTasks(database).put(server, 3, [task(20), task(3), task(100)]);
    database.close();
    database = await openDatabase({ name });
    const kept = offlineTasks(database);
    expect(await kept.ids(server, 3, 0, 2)).toEqual([3, 20]);
    expect(await kept.ids(server, 3, 20, 9)).toEqual([100]);
    const found = await kept.get(server, 20);
    expect(found?.task).toEqual(task(20).task);
    expect([...new Uint8Array((await found?.image.arrayBuffer()) ?? [])]).toEqual(Array(10).fill(20));
  });

  it('counts tasks and bytes once, also when a task comes again', async () => {
    const kept = offlineTasks(database);
    await kept.begin(server, project(3), 'image');
    await kept.put(server, 3, [task(1), task(2)]);
    expect(await kept.put(server, 3, [task(2, 30), task(4)])).toMatchObject({ tasks: 3, bytes: 50 });
    expect(await kept.begin(server, project(3), 'image')).toMatchObject({
      tasks: 3,
      bytes: 50,
      complete: false,
    });
    // Another field of the tasks holds other images.
    expect(await kept.begin(server, project(3), 'photo')).toMatchObject({ tasks: 0, bytes: 0 });
    expect(await kept.ids(server, 3, 0, 9)).toEqual([]);
  });

  it('is removed without touching its neighbours', async () => {
    const kept = offlineTasks(database);
    for (const id of [3, 4]) await kept.begin(server, project(id), 'image');
    await kept.begin('http://other.test', project(3), 'image');
    await kept.put(server, 3, [task(1)]);
    await kept.put(server, 4, [task(2)]);
    await kept.put('http://other.test', 3, [task(1)]);
    await kept.remove(server, 3);
    expect(await kept.get(server, 1)).toBeUndefined();
    expect(await kept.ids(server, 4, 0, 9)).toEqual([2]);
    expect((await kept.get('http://other.test', 1))?.image.size).toBe(10);
    expect((await kept.projects()).map(({ projectId }) => projectId).sort()).toEqual([3, 4]);
    // Removed while another tab was fetching: nothing is kept that nobody could find.
    await expect(kept.put(server, 3, [task(9)])).rejects.toMatchObject({ name: 'StoreError' });
    expect(await kept.get(server, 9)).toBeUndefined();
  });
});
