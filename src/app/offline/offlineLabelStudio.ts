import { LabelStudioError, ImageFetchError } from '../../labelstudio/errors.ts';
import type { LabelStudio, Task, TaskQuery } from '../../labelstudio/types.ts';
import type { OfflineTasks } from '../../store/offlineTasks.ts';
import type { Reach } from './reach.ts';

/** Ids read from the copy at a time. */
const PAGE = 200;

export interface OfflineOptions {
  /** Its address as `ConnectionInfo.url` gives it. */
  readonly server: string;
  readonly copies: () => Promise<OfflineTasks>;
  readonly reach: Reach;
}

/**
 * A Label Studio whose tasks that were made available offline are there also when it is not. As long as it answers,
 * everything comes from it. When it does not, and a copy is here, tasks and images come from the copy, and `reach`
 * says so until a call succeeds again; what only Label Studio can do (posting, counting predictions) fails as it
 * does without this, and whoever asked waits and tries again.
 */
export function withOfflineCopies(online: LabelStudio, options: OfflineOptions): LabelStudio {
  const { server, copies, reach } = options;

  const lost = (): void => reach.lost(server, () => online.connect());

  /** The answer of Label Studio, noted; undefined when it is away and `hasCopy` says that we can do without. */
  async function ask<T>(call: () => Promise<T>, hasCopy: () => Promise<boolean>): Promise<T | undefined> {
    if (reach.isAway(server) && (await hasCopy())) return undefined;
    try {
      const answer = await call();
      reach.back(server);
      return answer;
    } catch (error) {
      if (!isAway(error) || !(await hasCopy().catch(() => false))) throw error;
      lost();
      return undefined;
    }
  }

  const noted = async <T>(call: Promise<T>): Promise<T> => {
    const answer = await call;
    reach.back(server);
    return answer;
  };
  const hasAny = async (): Promise<boolean> =>
    (await (await copies()).projects()).some((project) => project.server === server);
  const has = async (projectId: number): Promise<boolean> =>
    ((await (await copies()).project(server, projectId))?.tasks ?? 0) > 0;

  async function* fromCopy(query: TaskQuery, after: number): AsyncGenerator<Task> {
    const kept = await copies();
    for await (const id of keptIds(kept, server, query, after)) {
      const found = await kept.get(server, id);
      if (found !== undefined) yield found.task;
    }
  }

  async function* tasks(query: TaskQuery, signal?: AbortSignal): AsyncGenerator<Task> {
    let last = 0;
    const away = reach.isAway(server) && (await has(query.projectId));
    if (!away) {
      try {
        for await (const task of online.tasks(query, signal)) {
          reach.back(server);
          last = task.id;
          yield task;
        }
        return;
      } catch (error) {
        if (!isAway(error) || !(await has(query.projectId).catch(() => false))) throw error;
        lost();
      }
    }
    for await (const task of fromCopy(query, last)) {
      signal?.throwIfAborted();
      yield task;
    }
  }

  return {
    ...online,
    tasks,
    async connect(signal) {
      const info = await ask(() => online.connect(signal), hasAny);
      return info ?? { url: server, version: '', user: '' };
    },
    async listProjects(signal) {
      const listed = await ask(() => online.listProjects(signal), hasAny);
      if (listed !== undefined) return listed;
      const kept = await (await copies()).projects();
      return kept.filter((each) => each.server === server).map(({ project }) => project);
    },
    async getProject(id, signal) {
      const found = await ask(
        () => online.getProject(id, signal),
        () => has(id),
      );
      const kept = found ?? (await (await copies()).project(server, id))?.project;
      return kept ?? online.getProject(id, signal);
    },
    async countTasks(query, signal) {
      const count = await ask(
        () => online.countTasks(query, signal),
        () => has(query.projectId),
      );
      if (count !== undefined) return count;
      let kept = 0;
      for await (const id of keptIds(await copies(), server, query, 0)) kept += id > 0 ? 1 : 0;
      return kept;
    },
    async fetchImage(task, field, signal) {
      const image = async (): Promise<Blob | null> => {
        const store = await copies();
        const found = await store.get(server, task.id);
        // The task may have been given another image since.
        return found?.task.data[field] === task.data[field] ? (found?.image ?? null) : null;
      };
      const found = await ask(
        () => online.fetchImage(task, field, signal),
        async () => (await image()) !== null,
      );
      return found ?? (await image()) ?? online.fetchImage(task, field, signal);
    },
    listViews: (id, signal) => noted(online.listViews(id, signal)),
    havePrediction: (...args) => noted(online.havePrediction(...args)),
    postPredictions: (...args) => noted(online.postPredictions(...args)),
    showModelVersion: (...args) => noted(online.showModelVersion(...args)),
    modelVersions: (...args) => noted(online.modelVersions(...args)),
  };
}

/** Nobody answers at the address; an answer that refuses is not this. */
function isAway(error: unknown): boolean {
  if (error instanceof LabelStudioError) return error.code === 'unreachable' || error.code === 'timeout';
  if (error instanceof ImageFetchError)
    return error.code === 'image-unreachable' || error.code === 'image-timeout';
  return false;
}

async function* keptIds(
  kept: OfflineTasks,
  server: string,
  query: TaskQuery,
  after: number,
): AsyncGenerator<number> {
  const { projectId, fromId = 0, toId = Infinity, shard, ids } = query;
  if (needsLabelStudio(query)) {
    throw new LabelStudioError(
      'unreachable',
      'Label Studio does not answer, and only it knows which tasks these are. Choose all tasks to work on those that are available offline, or wait until it is back.',
    );
  }
  const wanted = ids === undefined ? null : new Set(ids);
  // No further than the wanted ones lie: single tasks are asked for, of copies of any size.
  const sorted = ids?.toSorted((a, b) => a - b);
  const [lowest = 0, highest = Infinity] = [sorted?.[0], sorted?.at(-1)];
  for (let last = Math.max(after, fromId - 1, lowest - 1); ;) {
    const page = await kept.ids(server, projectId, last, PAGE);
    for (const id of page) {
      if (id > toId || id > highest) return;
      if (shard !== undefined && id % shard.count !== shard.index - 1) continue;
      if (wanted === null || wanted.has(id)) yield id;
    }
    const end = page.at(-1);
    if (end === undefined) return;
    last = end;
  }
}

function needsLabelStudio({ onlyUnlabeled, withoutPredictionOf, view, sample }: TaskQuery): boolean {
  return onlyUnlabeled === true || [withoutPredictionOf, view, sample].some((each) => each !== undefined);
}
