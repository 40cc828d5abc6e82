import * as v from 'valibot';
import type { Api } from './api.ts';

/** Label Studio's data-manager query, as far as we use it. */
interface ManagerQuery {
  readonly filters: { readonly conjunction: 'and'; readonly items: readonly Filter[] };
  readonly ordering: readonly ['tasks:id'];
  readonly selectedItems?: { readonly all: false; readonly included: readonly number[] };
}

/** Of the data manager; a tab's own ones are passed on as they are. */
export interface Filter {
  readonly filter: string;
  readonly operator: string;
  readonly type: string;
  readonly value: unknown;
}

export const idAfter = (id: number) => numberFilter('id', 'greater', id);

export function numberFilter(column: string, operator: string, value: number): Filter {
  return { filter: `filter:tasks:${column}`, operator, type: 'Number', value };
}

export interface PageWish {
  readonly filters: readonly Filter[];
  readonly included?: readonly number[];
}

export interface TaskPage<Schema extends v.GenericSchema> {
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
