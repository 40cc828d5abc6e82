import type { Api } from './api.ts';
import { readStored, type StoredTask } from './tasks.ts';
import type { Prediction } from './types.ts';
import { listVersions } from './versions.ts';

/**
 * Posts with `post`, and removes what came to be stored twice by it.
 *
 * A browser whose connection closes before the answer sends the request again by itself, POST or not, when it had used that
 * connection before (run, with Chromium): the page sees one call and one answer. Only Label Studio's own count of the
 * versions tells.
 */
export async function postedOnce(
  api: Api,
  projectId: number,
  predictions: readonly Prediction[],
  post: () => Promise<number>,
  signal: AbortSignal | undefined,
): Promise<number> {
  const before = await countOf(api, projectId, predictions, signal);
  const created = await post();
  const after = await countOf(api, projectId, predictions, signal);
  if (after - before !== created) await removeDoubles(api, projectId, predictions, signal);
  return created;
}

/** How many predictions of these ones' versions the project holds. */
async function countOf(
  api: Api,
  projectId: number,
  predictions: readonly Prediction[],
  signal: AbortSignal | undefined,
): Promise<number> {
  const versions = new Set(predictions.map((prediction) => prediction.model_version));
  const counts = await listVersions(api, projectId, signal);
  return counts.reduce((sum, each) => sum + (versions.has(each.version) ? each.predictions : 0), 0);
}

/** Keeps the oldest prediction of each (task, model version) of the list. */
export async function removeDoubles(
  api: Api,
  projectId: number,
  predictions: readonly Prediction[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const ids = [...new Set(predictions.map(({ task }) => task))];
  const tasks = await readStored(api, projectId, ids, null, signal);
  for (const version of new Set(predictions.map((prediction) => prediction.model_version)))
    await keepOldest(api, tasks, version, signal);
}

/** Keeps the oldest prediction of a version in each of these tasks. */
export async function keepOldest(
  api: Api,
  tasks: readonly StoredTask[],
  modelVersion: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const { predictions } of tasks) {
    const ids = predictions
      .filter((prediction) => prediction.model_version === modelVersion)
      .map((prediction) => prediction.id)
      .sort((a, b) => a - b);
    for (const double of ids.slice(1)) await api.remove(`/api/predictions/${double}/`, signal);
  }
}
