import * as v from 'valibot';
import type { Api } from './api.ts';
import { LabelStudioError } from './errors.ts';
import type { Filter } from './taskPages.ts';
import type { TaskView } from './types.ts';

const filterSchema = v.looseObject({ filter: v.string(), operator: v.string(), type: v.string() });
const viewSchema = v.object({
  id: v.number(),
  data: v.nullish(
    v.object({
      title: v.nullish(v.string(), ''),
      filters: v.nullish(
        v.object({
          conjunction: v.nullish(v.picklist(['and', 'or']), 'and'),
          items: v.nullish(v.array(filterSchema), []),
        }),
      ),
    }),
  ),
});

/** The tabs of a project's data manager. */
export async function listViews(api: Api, projectId: number, signal?: AbortSignal): Promise<TaskView[]> {
  const views = await readViews(api, projectId, signal);
  return views.map(({ id, data }) => ({
    id,
    title: data?.title === undefined || data.title === '' ? `Tab ${id}` : data.title,
  }));
}

/**
 * A tab's filters, as a list of alternatives, each of which is a list of filters that must all hold: tabs join
 * theirs by 'and' or by 'or'. Label Studio takes a tab or a query, not both, so that we read the one into the other.
 * Throws `LabelStudioError` 'not-found' when the tab is gone: all tasks in its place would be a surprise.
 */
export async function filtersOfView(
  api: Api,
  projectId: number,
  viewId: number,
  signal?: AbortSignal,
): Promise<readonly (readonly Filter[])[]> {
  const view = (await readViews(api, projectId, signal)).find(({ id }) => id === viewId);
  if (view === undefined) {
    throw new LabelStudioError(
      'not-found',
      `The project's data manager has no tab ${viewId} (any more). Choose another tab, or all tasks.`,
    );
  }
  const { conjunction, items } = view.data?.filters ?? { conjunction: 'and', items: [] };
  const filters = items.map((item) => item as unknown as Filter);
  return conjunction === 'or' && filters.length > 1 ? filters.map((filter) => [filter]) : [filters];
}

function readViews(api: Api, projectId: number, signal: AbortSignal | undefined) {
  return api.get(`/api/dm/views/?project=${projectId}`, v.array(viewSchema), signal);
}
