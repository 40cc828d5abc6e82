import type { Project, Task } from '../labelstudio/types.ts';
import type { Database, OfflineProjectRow } from './database.ts';
import { transact } from './transact.ts';

export type { OfflineProjectRow } from './database.ts';

/** A task with its image, as it was fetched. */
export interface OfflineTask {
  readonly task: Task;
  readonly image: Blob;
}

/** Projects whose tasks and images are kept here, so that they can be pre-labelled without Label Studio. */
export interface OfflineTasks {
  /** Of every Label Studio, latest first. */
  projects(): Promise<readonly OfflineProjectRow[]>;
  project(server: string, projectId: number): Promise<OfflineProjectRow | undefined>;
  /** Begins a copy, or goes on with one: what is kept of the project stays. */
  begin(server: string, project: Project, imageField: string): Promise<OfflineProjectRow>;
  /** Keeps tasks; one that is there already is replaced. */
  put(server: string, projectId: number, tasks: readonly OfflineTask[]): Promise<OfflineProjectRow>;
  /** The copy holds all tasks that there were. */
  complete(server: string, projectId: number): Promise<void>;
  /** Task ids are unique within a Label Studio. */
  get(server: string, taskId: number): Promise<OfflineTask | undefined>;
  /** Ids of kept tasks above `after`, in order, up to `limit`. */
  ids(server: string, projectId: number, after: number, limit: number): Promise<readonly number[]>;
  /** Removes a project's copy with all its images. */
  remove(server: string, projectId: number): Promise<void>;
}

/** Copies in IndexedDB; images are blobs, which browsers keep as files. All methods reject with `StoreError`. */
export function offlineTasks(database: Database): OfflineTasks {
  return {
    projects: () =>
      transact(database, ['offlineProjects'], 'readonly', async (transaction) => {
        const rows = await transaction.objectStore('offlineProjects').getAll();
        return rows.sort((a, b) => b.at - a.at);
      }),

    project: (server, projectId) =>
      transact(database, ['offlineProjects'], 'readonly', (transaction) =>
        transaction.objectStore('offlineProjects').get([server, projectId]),
      ),

    begin: (server, project, imageField) =>
      transact(database, ['offlineProjects', 'offlineTasks'], 'readwrite', async (transaction) => {
        const projects = transaction.objectStore('offlineProjects');
        const known = await projects.get([server, project.id]);
        // Images of another field of the tasks are other images.
        const kept = known?.imageField === imageField ? known : undefined;
        if (known !== undefined && kept === undefined) {
          const tasks = transaction.objectStore('offlineTasks');
          for (const key of await tasks.index('by-project').getAllKeys(rangeOf(server, project.id)))
            await tasks.delete(key);
        }
        const { tasks = 0, bytes = 0 } = kept ?? {};
        const row = {
          server,
          projectId: project.id,
          project,
          imageField,
          tasks,
          bytes,
          complete: false,
          at: Date.now(),
        };
        await projects.put(row);
        return row;
      }),

    put: (server, projectId, kept) =>
      transact(database, ['offlineProjects', 'offlineTasks'], 'readwrite', async (transaction) => {
        const projects = transaction.objectStore('offlineProjects');
        const tasks = transaction.objectStore('offlineTasks');
        const row = await projects.get([server, projectId]);
        // Removed in another tab while it was being fetched here.
        if (row === undefined) throw new Error('The offline copy was removed.');
        let { tasks: count, bytes } = row;
        for (const { task, image } of kept) {
          const before = await tasks.get([server, task.id]);
          count += before === undefined ? 1 : 0;
          bytes += image.size - (before?.image.size ?? 0);
          await tasks.put({ server, projectId, taskId: task.id, task, image });
        }
        const next = { ...row, tasks: count, bytes, at: Date.now() };
        await projects.put(next);
        return next;
      }),

    complete: (server, projectId) =>
      transact(database, ['offlineProjects'], 'readwrite', async (transaction) => {
        const projects = transaction.objectStore('offlineProjects');
        const row = await projects.get([server, projectId]);
        if (row !== undefined) await projects.put({ ...row, complete: true, at: Date.now() });
      }),

    get: (server, taskId) =>
      transact(database, ['offlineTasks'], 'readonly', async (transaction) => {
        const row = await transaction.objectStore('offlineTasks').get([server, taskId]);
        return row === undefined ? undefined : { task: row.task, image: row.image };
      }),

    ids: (server, projectId, after, limit) =>
      transact(database, ['offlineTasks'], 'readonly', async (transaction) => {
        const index = transaction.objectStore('offlineTasks').index('by-project');
        const keys = await index.getAllKeys(rangeOf(server, projectId, after), limit);
        return keys.map(([, taskId]) => taskId);
      }),

    remove: (server, projectId) =>
      transact(database, ['offlineProjects', 'offlineTasks'], 'readwrite', async (transaction) => {
        const tasks = transaction.objectStore('offlineTasks');
        for (const key of await tasks.index('by-project').getAllKeys(rangeOf(server, projectId)))
          await tasks.delete(key);
        await transaction.objectStore('offlineProjects').delete([server, projectId]);
      }),
  };
}

function rangeOf(server: string, projectId: number, after = -1): IDBKeyRange {
  return IDBKeyRange.bound([server, projectId, after], [server, projectId, Infinity], true, true);
}
