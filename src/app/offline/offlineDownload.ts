import { ImageFetchError } from '../../labelstudio/errors.ts';
import type { LabelStudio, Project, Task } from '../../labelstudio/types.ts';
import type { OfflineProjectRow, OfflineTask, OfflineTasks } from '../../store/offlineTasks.ts';
import { askForPersistence } from '../../store/quota.ts';
import { StoreError } from '../../store/storeError.ts';
import { Observable } from '../../ui/observable.ts';
import { isAbort, problemOf } from '../../ui/problem.ts';

/** Images fetched at the same time; more would be in the way of somebody who labels. */
const LANES = 4;
/** Images kept in one transaction. */
const BATCH = 16;

export interface OfflineSource {
  readonly labelStudio: LabelStudio;
  readonly url: string;
  readonly project: Project;
}

/** A download under way, or the last one. */
export interface Download {
  readonly server: string;
  readonly projectId: number;
  readonly total: number;
  readonly kept: number;
  readonly bytes: number;
  /** Images that could not be had: broken links and the like. */
  readonly missing: number;
  readonly running: boolean;
  readonly problem: string | null;
}

/** Makes projects available offline: fetches tasks and images, shows how far it is, removes them again. */
export class OfflineDownload extends Observable {
  /** What is kept, of every Label Studio. */
  projects: readonly OfflineProjectRow[] = [];
  download: Download | null = null;

  readonly #copies: () => Promise<OfflineTasks>;
  #abort = new AbortController();

  constructor(copies: () => Promise<OfflineTasks>) {
    super();
    this.#copies = copies;
  }

  get running(): boolean {
    return this.download?.running === true;
  }

  /** Reads what is kept. Without storage there is nothing. */
  async refresh(): Promise<void> {
    try {
      this.projects = await (await this.#copies()).projects();
    } catch {
      this.projects = [];
    }
    this.changed();
  }

  kept(server: string, projectId: number): OfflineProjectRow | undefined {
    return this.projects.find((each) => each.server === server && each.projectId === projectId);
  }

  /** Fetches all tasks of a project that are not here yet. One download at a time; never rejects. */
  async start({ labelStudio, url, project }: OfflineSource, imageField: string): Promise<void> {
    if (this.running) return;
    const abort = new AbortController();
    this.#abort = abort;
    const { signal } = abort;
    this.#set({
      server: url,
      projectId: project.id,
      total: project.taskCount,
      kept: 0,
      bytes: 0,
      missing: 0,
      running: true,
      problem: null,
    });
    try {
      // What is fetched by the gigabyte should not be the first thing that the browser throws away.
      await askForPersistence();
      const copies = await this.#copies();
      const { tasks, bytes } = await copies.begin(url, project, imageField);
      this.#change({
        kept: tasks,
        bytes,
        total: await labelStudio.countTasks({ projectId: project.id }, signal),
      });
      await this.#fetchAll(copies, { labelStudio, url, project }, imageField, signal);
      if (this.download?.missing === 0) await copies.complete(url, project.id);
      this.#change({ running: false });
    } catch (error) {
      abort.abort();
      this.#change({ running: false, problem: isAbort(error) ? null : sentencesOf(error) });
    }
    await this.refresh();
  }

  /** Ends the download; what is here stays, and the next one goes on with it. */
  cancel(): void {
    this.#abort.abort();
  }

  /** Removes a project's copy. */
  async remove(server: string, projectId: number): Promise<void> {
    const { download } = this;
    if (download?.server === server && download.projectId === projectId) {
      this.cancel();
      this.download = null;
    }
    await (await this.#copies()).remove(server, projectId);
    await this.refresh();
  }

  async #fetchAll(
    copies: OfflineTasks,
    { labelStudio, url, project }: OfflineSource,
    field: string,
    signal: AbortSignal,
  ): Promise<void> {
    const tasks = labelStudio.tasks({ projectId: project.id }, signal)[Symbol.asyncIterator]();
    let batch: OfflineTask[] = [];
    const keep = async (): Promise<void> => {
      const full = batch;
      batch = [];
      if (full.length === 0) return;
      const row = await copies.put(url, project.id, full);
      this.#change({ kept: row.tasks, bytes: row.bytes });
    };
    const lane = async (): Promise<void> => {
      for (;;) {
        signal.throwIfAborted();
        const next = await tasks.next();
        if (next.done === true) return;
        const task = next.value;
        if (isSame((await copies.get(url, task.id))?.task, task, field)) continue;
        const image = await this.#image(labelStudio, task, field, signal);
        if (image !== null) batch.push({ task, image });
        if (batch.length >= BATCH) await keep();
      }
    };
    try {
      await Promise.all(Array.from({ length: LANES }, () => lane()));
    } finally {
      // Also what was fetched before trouble came is worth keeping; a full disk is said by the first failure.
      await keep().catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  /** Null: this image cannot be had, others can. */
  async #image(
    labelStudio: LabelStudio,
    task: Task,
    field: string,
    signal: AbortSignal,
  ): Promise<Blob | null> {
    try {
      return await labelStudio.fetchImage(task, field, signal);
    } catch (error) {
      if (!(error instanceof ImageFetchError) || error.code === 'image-unreachable') throw error;
      this.#change({ missing: (this.download?.missing ?? 0) + 1 });
      return null;
    }
  }

  #change(change: Partial<Download>): void {
    if (this.download !== null) this.#set({ ...this.download, ...change });
  }

  #set(download: Download): void {
    this.download = download;
    this.changed();
  }
}

/** A full disk is said in the words of what was being done. */
function sentencesOf(error: unknown): string {
  if (!(error instanceof StoreError) || error.code !== 'quota') return problemOf(error);
  return 'This browser has no room left for more images. Free some disk space or remove an offline copy, then go on fetching: what is here stays.';
}

function isSame(kept: Task | undefined, task: Task, field: string): boolean {
  return kept !== undefined && kept.data[field] === task.data[field];
}
