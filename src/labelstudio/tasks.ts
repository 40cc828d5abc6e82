import * as v from 'valibot';
import type { Api } from './api.ts';
import type { Task, TaskQuery } from './types.ts';

/** Label Studio's data-manager query, as far as we use it. */
interface ManagerQuery {
  readonly filters: { readonly conjunction: 'and'; readonly items: readonly Filter[] };
  readonly ordering: readonly ['tasks:id'];
  readonly selectedItems?: { readonly all: false; readonly included: readonly number[] };
}

interface Filter {
  readonly filter: string;
  readonly operator: string;
  readonly type: 'Number' | 'List';
  readonly value: number | readonly string[];
}

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

/** How many tasks `readTasks` would give. One request, unless a shard or look-alike versions need counting. */
export async function countTasks(api: Api, query: TaskQuery, signal?: AbortSignal): Promise<number> {
  if (query.shard === undefined && !(await hasLookAlike(api, query, signal))) {
    const page = await readPage(api, query.projectId, { filters: filtersOf(query, false) }, 'id', 1, signal);
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

async function* matching(
  api: Api,
  query: TaskQuery,
  fields: 'id' | 'data',
  pageSize: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredTask> {
  const { shard, withoutPredictionOf: version } = query;
  const lookAlike = await hasLookAlike(api, query, signal);
  const asked = [...new Set(['id', fields, ...(lookAlike ? ['predictions'] : [])])].join(',');
  for (let after = 0; ;) {
    const filters = [...filtersOf(query, lookAlike), idAfter(after)];
    const page = await readPage(api, query.projectId, { filters }, asked, pageSize, signal);
    for (const task of page.tasks) {
      if (shard !== undefined && task.id % shard.count !== shard.index - 1) continue;
      if (lookAlike && task.predictions.some((prediction) => prediction.model_version === version)) continue;
      yield task;
    }
    const last = page.tasks.at(-1);
    if (last === undefined || page.total <= page.tasks.length) return;
    after = last.id;
  }
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
  // Skipped annotations are not counted here: a skipped task still waits for one.
  if (query.onlyUnlabeled === true) filters.push(numberFilter('total_annotations', 'equal', 0));
  if (query.withoutPredictionOf !== undefined && !lookAlike) {
    filters.push(versionFilter('not_contains', query.withoutPredictionOf));
  }
  return filters;
}

export const idAfter = (id: number) => numberFilter('id', 'greater', id);

export function numberFilter(column: string, operator: string, value: number): Filter {
  return { filter: `filter:tasks:${column}`, operator, type: 'Number', value };
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

interface PageWish {
  readonly filters: readonly Filter[];
  readonly included?: readonly number[];
}

interface TaskPage<Schema extends v.GenericSchema> {
  /** Of all pages. */
  readonly total: number;
  readonly tasks: readonly v.InferOutput<Schema>[];
}

/**
 * The first page of the tasks that pass the filters, in id order. `fields` are those of the task and, in the same
 * list, those of its annotations and predictions: Label Studio goes by one list for all of them.
 */
export async function readTaskPage<Schema extends v.GenericSchema>(
  api: Api,
  projectId: number,
  wanted: PageWish,
  fields: string,
  pageSize: number,
  schema: Schema,
  signal: AbortSignal | undefined,
): Promise<TaskPage<Schema>> {
  const query: ManagerQuery = {
    filters: { conjunction: 'and', items: wanted.filters },
    ordering: ['tasks:id'],
    ...(wanted.included === undefined ? {} : { selectedItems: { all: false, included: wanted.included } }),
  };
  const parameters = new URLSearchParams({
    project: String(projectId),
    page: '1',
    page_size: String(pageSize),
    // Predictions and annotations come along only with all fields; `include` then keeps the answer small.
    fields: /\b(?:predictions|annotations)\b/u.test(fields) ? 'all' : 'task_only',
    include: fields,
    // The address as it was stored, not rewritten for the browser.
    resolve_uri: 'false',
    query: JSON.stringify(query),
  });
  const pageSchema = v.object({ total: v.number(), tasks: v.array(schema) });
  return api.get(`/api/tasks?${parameters.toString()}`, pageSchema, signal);
}
