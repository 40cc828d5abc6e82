import * as v from 'valibot';
import type { Api } from './api.ts';
import { inOrderOfId } from './inOrderOfId.ts';
import { sampleRank } from './sampleRank.ts';
import {
  idAfter,
  numberFilter,
  readTaskPage,
  type Filter,
  type PageWish,
  type TaskPage,
} from './taskPages.ts';
import type { Task, TaskQuery } from './types.ts';
import { filtersOfView } from './views.ts';

const storedPredictionSchema = v.object({ id: v.number(), model_version: v.nullish(v.string(), '') });
const taskSchema = v.object({
  id: v.number(),
  data: v.optional(v.record(v.string(), v.unknown()), {}),
  predictions: v.optional(v.array(storedPredictionSchema), []),
});

export type StoredTask = v.InferOutput<typeof taskSchema>;

/** Tasks a page; Label Studio's own default. */
const PAGE_SIZE = 100;
/** For counting, where only ids travel. */
const LARGE_PAGE_SIZE = 1000;

/**
 * Tasks in id order. Each page is asked for by 'id greater than the last one' and not by its number:
 * while we read, predictions are stored and annotations made, so a filtered list shrinks under us and
 * numbered pages would skip tasks.
 */
export async function* readTasks(api: Api, query: TaskQuery, signal?: AbortSignal): AsyncGenerator<Task> {
  for await (const { id, data } of matching(api, query, 'data', PAGE_SIZE, signal)) yield { id, data };
}

/**
 * How many tasks `readTasks` would give. One request, unless a shard, a tab that joins its filters by 'or', or
 * look-alike versions need counting.
 */
export async function countTasks(api: Api, query: TaskQuery, signal?: AbortSignal): Promise<number> {
  const { sample, withoutPredictionOf, shard, ids } = query;
  if (sample !== undefined && withoutPredictionOf === undefined && shard === undefined) {
    return Math.min(sample.count, await countTasks(api, withoutSample(query), signal));
  }
  const plan = await planOf(api, query, signal);
  const [only, ...others] = plan.alternatives;
  if (
    sample === undefined &&
    shard === undefined &&
    ids === undefined &&
    !plan.lookAlike &&
    others.length === 0
  ) {
    const page = await readPage(api, query.projectId, { filters: only ?? [] }, 'id', 1, signal);
    return page.total;
  }
  let count = 0;
  for await (const { id } of matching(api, query, 'id', LARGE_PAGE_SIZE, signal)) count += id > 0 ? 1 : 0;
  return count;
}

/**
 * The tasks among `ids` that exist in the project, with their predictions (id and model version).
 * `versionLike` leaves out tasks without any prediction whose version contains it.
 */
export async function readStored(
  api: Api,
  projectId: number,
  ids: readonly number[],
  versionLike: string | null,
  signal?: AbortSignal,
): Promise<StoredTask[]> {
  const stored: StoredTask[] = [];
  for (let start = 0; start < ids.length; start += PAGE_SIZE) {
    const included = ids.slice(start, start + PAGE_SIZE);
    const filters = versionLike === null ? [] : [versionFilter('contains', versionLike)];
    const fields = 'id,predictions';
    // A server may be set to smaller pages than we ask for.
    for (let after = 0; ;) {
      const items = [...filters, idAfter(after)];
      const page = await readPage(api, projectId, { filters: items, included }, fields, PAGE_SIZE, signal);
      stored.push(...page.tasks);
      const last = page.tasks.at(-1);
      if (last === undefined || page.total <= page.tasks.length) break;
      after = last.id;
    }
  }
  return stored;
}

/**
 * How many tasks from the first to the last of `ids` hold a prediction whose version contains `versionLike`; others than
 * those of `ids` are counted too. One request, however many they are.
 */
export async function countHolding(
  api: Api,
  projectId: number,
  versionLike: string,
  ids: readonly number[],
  signal?: AbortSignal,
): Promise<number> {
  const sorted = [...ids].sort((a, b) => a - b);
  const range = { fromId: sorted[0] ?? 0, toId: sorted.at(-1) ?? 0 };
  const filters = [...filtersOf({ projectId, ...range }, false), versionFilter('contains', versionLike)];
  return (await readPage(api, projectId, { filters }, 'id', 1, signal)).total;
}

/** What a query means to Label Studio. */
interface Plan {
  /** A task is wanted when all filters of one of these hold. */
  readonly alternatives: readonly (readonly Filter[])[];
  /** The version must be looked for in each task. */
  readonly lookAlike: boolean;
}

async function planOf(api: Api, query: TaskQuery, signal: AbortSignal | undefined): Promise<Plan> {
  const lookAlike = await hasLookAlike(api, query, signal);
  const ours = filtersOf(query, lookAlike);
  const ofView =
    query.view === undefined ? [[]] : await filtersOfView(api, query.projectId, query.view, signal);
  return { alternatives: ofView.map((filters) => [...filters, ...ours]), lookAlike };
}

async function* matching(
  api: Api,
  query: TaskQuery,
  fields: 'id' | 'data',
  pageSize: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredTask> {
  const { projectId, shard, sample, withoutPredictionOf: version } = query;
  const ids = query.ids === undefined ? undefined : [...query.ids].sort((a, b) => a - b);
  const { alternatives, lookAlike } = await planOf(api, query, signal);
  const asked = [...new Set(['id', fields, ...(lookAlike ? ['predictions'] : [])])].join(',');
  const drawn = sample === undefined ? ids : await draw(api, query, sample, signal);
  const read = (filters: readonly Filter[]) =>
    drawn === undefined
      ? inPages(api, projectId, filters, asked, pageSize, signal)
      : ofIds(api, projectId, drawn, filters, asked, signal);
  for await (const task of inOrderOfId(alternatives.map(read))) {
    if (shard !== undefined && task.id % shard.count !== shard.index - 1) continue;
    if (lookAlike && task.predictions.some((prediction) => prediction.model_version === version)) continue;
    yield task;
  }
}

/** All tasks that pass the filters, in id order. The next page is on its way while the last half of one is used. */
async function* inPages(
  api: Api,
  projectId: number,
  filters: readonly Filter[],
  fields: string,
  pageSize: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredTask> {
  const ask = (after: number) =>
    readPage(api, projectId, { filters: [...filters, idAfter(after)] }, fields, pageSize, signal);
  for (let page = await ask(0); ;) {
    const { tasks } = page;
    const last = page.total > tasks.length ? tasks.at(-1) : undefined;
    let next: ReturnType<typeof ask> | null = null;
    for (const [index, task] of tasks.entries()) {
      if (last !== undefined && index > tasks.length / 2) {
        next ??= ask(last.id);
        // Awaited below; whoever stops listening before that must not leave an unhandled rejection.
        next.catch(() => undefined);
      }
      yield task;
    }
    if (last !== undefined) next ??= ask(last.id);
    if (next === null) return;
    page = await next;
  }
}

/** The tasks among `ids`, which are in order, that pass the filters. */
async function* ofIds(
  api: Api,
  projectId: number,
  ids: readonly number[],
  filters: readonly Filter[],
  fields: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredTask> {
  for (let start = 0; start < ids.length; start += PAGE_SIZE) {
    const included = ids.slice(start, start + PAGE_SIZE);
    for (let after = 0; ;) {
      const wanted = { filters: [...filters, idAfter(after)], included };
      const page = await readPage(api, projectId, wanted, fields, PAGE_SIZE, signal);
      yield* page.tasks;
      const last = page.tasks.at(-1);
      if (last === undefined || page.total <= page.tasks.length) break;
      after = last.id;
    }
  }
}

/** Ids of a random sample, in order: those whose mixture with the seed is smallest. */
async function draw(
  api: Api,
  query: TaskQuery,
  { count, seed }: NonNullable<TaskQuery['sample']>,
  signal: AbortSignal | undefined,
): Promise<readonly number[]> {
  const all: { readonly id: number; readonly rank: number }[] = [];
  for await (const { id } of matching(api, withoutSample(query), 'id', LARGE_PAGE_SIZE, signal)) {
    all.push({ id, rank: sampleRank(id, seed) });
  }
  const drawn = all.sort((a, b) => a.rank - b.rank || a.id - b.id).slice(0, count);
  return drawn.map(({ id }) => id).sort((a, b) => a - b);
}

/** The query that a sample is drawn from. */
function withoutSample(query: TaskQuery): TaskQuery {
  const rest: { -readonly [Key in keyof TaskQuery]: TaskQuery[Key] } = { ...query };
  delete rest.sample;
  delete rest.withoutPredictionOf;
  return rest;
}

/**
 * Label Studio compares model versions by 'contains'. Where another version of the project contains
 * the one that is asked for, its filter leaves out too many tasks, and we look at each ourselves.
 */
async function hasLookAlike(api: Api, query: TaskQuery, signal: AbortSignal | undefined): Promise<boolean> {
  const version = query.withoutPredictionOf?.toLowerCase();
  if (version === undefined) return false;
  const counts = await api.get(
    `/api/projects/${query.projectId}/model-versions/`,
    v.record(v.string(), v.unknown()),
    signal,
  );
  // SQLite's comparison does not mind case.
  return Object.keys(counts).some(
    (other) => other !== query.withoutPredictionOf && other.toLowerCase().includes(version),
  );
}

function filtersOf(query: TaskQuery, lookAlike: boolean): Filter[] {
  const filters: Filter[] = [];
  if (query.fromId !== undefined) filters.push(numberFilter('id', 'greater_or_equal', query.fromId));
  if (query.toId !== undefined) filters.push(numberFilter('id', 'less_or_equal', query.toId));
  // Skipped annotations are not counted here: a skipped task still waits for one.
  if (query.onlyUnlabeled === true) filters.push(numberFilter('total_annotations', 'equal', 0));
  if (query.withoutPredictionOf !== undefined && !lookAlike) {
    filters.push(versionFilter('not_contains', query.withoutPredictionOf));
  }
  return filters;
}

/** The value must be a list: a string is matched letter by letter. */
function versionFilter(operator: 'contains' | 'not_contains', version: string): Filter {
  return { filter: 'filter:tasks:predictions_model_versions', operator, type: 'List', value: [version] };
}

function readPage(
  api: Api,
  projectId: number,
  wanted: PageWish,
  fields: string,
  pageSize: number,
  signal: AbortSignal | undefined,
): Promise<TaskPage<typeof taskSchema>> {
  return readTaskPage(api, projectId, wanted, fields, pageSize, taskSchema, signal);
}
