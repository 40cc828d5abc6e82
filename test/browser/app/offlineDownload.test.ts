import { deleteDB } from 'idb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OfflineDownload } from '../../../src/app/offline/offlineDownload.ts';
import { ImageFetchError } from '../../../src/labelstudio/errors.ts';
import type { LabelStudio, Project, Task } from '../../../src/labelstudio/types.ts';
import { openDatabase } from '../../../src/store/database.ts';
import type { Database } from '../../../src/store/database.ts';
import { offlineTasks } from '../../../src/store/offlineTasks.ts';
import type { OfflineTasks } from '../../../src/store/offlineTasks.ts';
import { StoreError } from '../../../src/store/storeError.ts';

const url = 'http://ls.test';
const project: Project = {
  id: 7,
  title: 'Travels',
  taskCount: 100,
  labelConfig: '<View/>',
  modelVersion: null,
};

let name = '';
let database: Database;
let copies: OfflineTasks;
beforeEach(async () => {
  name = `test-${crypto.randomUUID()}`;
  database = await openDatabase({ name });
  copies = offlineTasks(database);
});
afterEach(async () => {
  database.close();
  await deleteDB(name);
});

/** A Label Studio of 100 tasks; `image` is asked for each image. */
function labelStudio(image: (task: number, signal?: AbortSignal) => Promise<Blob>) {
  const fetched: number[] = [];
  const part: Pick<LabelStudio, 'tasks' | 'countTasks' | 'fetchImage'> = {
    async *tasks() {
      for (let id = 1; id <= 100; id++) {
        const task: Task = { id, data: { image: `/data/${id}.jpg` } };
        yield await Promise.resolve(task);
      }
    },
    countTasks: () => Promise.resolve(100),
    fetchImage: (task, _field, signal) => {
      fetched.push(task.id);
      return image(task.id, signal);
    },
  };
  return { source: { labelStudio: part as LabelStudio, url, project }, fetched };
}

const bytesOf = (id: number): Promise<Blob> => Promise.resolve(new Blob([new Uint8Array(10).fill(id)]));

test('a full disk stops the download with what to do, keeps what is here, and the next one goes on', async () => {
  let room = 40;
  const small: OfflineTasks = {
    ...copies,
    put: (server, projectId, tasks) => {
      room -= tasks.length;
      return room < 0 ? Promise.reject(new StoreError('quota')) : copies.put(server, projectId, tasks);
    },
  };
  const { source, fetched } = labelStudio(bytesOf);
  const offline = new OfflineDownload(() => Promise.resolve(small));
  await offline.start(source, 'image');
  expect(offline.download).toMatchObject({ running: false, kept: 32, total: 100, bytes: 320 });
  expect(offline.download?.problem).toBe(
    'This browser has no room left for more images. Free some disk space or remove an offline copy, then go on fetching: what is here stays.',
  );
  // It ends there: nobody fetches gigabytes that cannot be kept.
  expect(fetched.length).toBeLessThan(60);
  expect(offline.kept(url, 7)).toMatchObject({ tasks: 32, complete: false });

  room = 1000;
  const before = fetched.length;
  await offline.start(source, 'image');
  expect(offline.download).toMatchObject({ running: false, kept: 100, problem: null });
  expect(fetched.length - before).toBe(68);
  expect(offline.kept(url, 7)).toMatchObject({ tasks: 100, complete: true });
  expect(await (await copies.get(url, 33))?.image.arrayBuffer()).toEqual(
    await (await bytesOf(33)).arrayBuffer(),
  );
});

test('a cancelled download keeps what has come, says nothing, and the next one goes on', async () => {
  const hang = (signal?: AbortSignal): Promise<Blob> =>
    new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
  let wait = true;
  const { source, fetched } = labelStudio((id, signal) => (wait && id > 21 ? hang(signal) : bytesOf(id)));
  const offline = new OfflineDownload(() => Promise.resolve(copies));
  const going = offline.start(source, 'image');
  await expect.poll(() => fetched.length).toBe(25);
  offline.cancel();
  await going;
  // One full batch, and what was on its way to the next.
  expect(offline.download).toMatchObject({ running: false, kept: 21, problem: null });
  expect(offline.kept(url, 7)).toMatchObject({ tasks: 21, complete: false });
  wait = false;
  await offline.start(source, 'image');
  expect(offline.kept(url, 7)).toMatchObject({ tasks: 100, complete: true });
  expect(fetched.filter((id) => id <= 21)).toHaveLength(21);
});

test('an image that is not there is counted, and the copy is not called complete', async () => {
  const { source } = labelStudio((id) =>
    id === 5 ? Promise.reject(new ImageFetchError('image-not-found', 'Gone.')) : bytesOf(id),
  );
  const offline = new OfflineDownload(() => Promise.resolve(copies));
  await offline.start(source, 'image');
  expect(offline.download).toMatchObject({ kept: 99, missing: 1, problem: null });
  expect(offline.kept(url, 7)).toMatchObject({ tasks: 99, complete: false });
});

test('a copy that is removed while it is fetched stays removed', async () => {
  const { source, fetched } = labelStudio(async (id) => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    return bytesOf(id);
  });
  const offline = new OfflineDownload(() => Promise.resolve(copies));
  const going = offline.start(source, 'image');
  await expect.poll(() => fetched.length).toBeGreaterThan(20);
  await offline.remove(url, 7);
  await going;
  expect(await copies.projects()).toEqual([]);
  expect(await copies.ids(url, 7, 0, 100)).toEqual([]);
});
