import * as v from 'valibot';
import type { Api } from '../../labelstudio/api.ts';
import { readTasks } from '../../labelstudio/tasks.ts';

/** How many are given. */
const most = 3;
/** How many tasks of a tab are looked through for the one that is open. */
const looked = 100;

const pageSchema = v.object({ tasks: v.array(v.object({ id: v.number() })) });

/** How the user goes through the project. */
export interface Way {
  readonly project: number;
  /** The data manager's tab, whose filters and order hold; null where none is named. */
  readonly tab: number | null;
  /** The label stream: Label Studio chooses the next task, as a rule the next one without an annotation. */
  readonly stream: boolean;
}

/** '?tab=3&task=7' -> how its user goes on. */
export function wayOf(project: number, search: string): Way {
  const parameters = new URLSearchParams(search);
  const tab = Number(parameters.get('tab') ?? NaN);
  return {
    project,
    tab: Number.isInteger(tab) && tab > 0 ? tab : null,
    stream: parameters.has('labeling'),
  };
}

/**
 * Tasks that are likely to be opened after `task`, the likeliest first: those that follow it in its tab; where it does not
 * stand among the first of its tab, and in the label stream, those that follow by their number.
 */
export async function upcomingTasks(
  api: Api,
  { project, tab, stream }: Way,
  task: number,
  signal: AbortSignal,
): Promise<number[]> {
  const view = stream ? null : tab;
  if (view !== null) {
    const query = new URLSearchParams({
      ...{ project: String(project), view: String(view), page: '1', page_size: String(looked) },
      // Ids are enough, and no bucket is asked to sign an address.
      ...{ fields: 'task_only', include: 'id', resolve_uri: 'false' },
    });
    const { tasks } = await api.get(`/api/tasks?${query.toString()}`, pageSchema, signal);
    const at = tasks.findIndex(({ id }) => id === task);
    const after = tasks.slice(at + 1, at + 1 + most).map(({ id }) => id);
    if (at !== -1 && after.length > 0) return after;
  }
  const query = {
    ...{ projectId: project, fromId: task + 1 },
    ...(view !== null && { view }),
    ...(stream && { onlyUnlabeled: true }),
  };
  const next: number[] = [];
  for await (const { id } of readTasks(api, query, signal)) {
    next.push(id);
    if (next.length === most) break;
  }
  return next;
}
