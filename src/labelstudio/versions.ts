import * as v from 'valibot';
import type { Api } from './api.ts';
import type { VersionCount } from './types.ts';

const countsSchema = v.record(v.string(), v.number());
const deletedSchema = v.object({ deleted_predictions: v.number() });

/** The model versions that a project holds predictions of, and how many of each. */
export async function listVersions(
  api: Api,
  projectId: number,
  signal?: AbortSignal,
): Promise<VersionCount[]> {
  const counts = await api.get(`/api/projects/${projectId}/model-versions/`, countsSchema, signal);
  return Object.entries(counts).map(([version, predictions]) => ({ version, predictions }));
}

/**
 * Deletes all predictions of one version, by the only call of Label Studio that leaves the other versions alone.
 * How many were deleted: a repeated call, after one that was cut off, says 0.
 */
export async function deleteVersion(
  api: Api,
  projectId: number,
  modelVersion: string,
  signal?: AbortSignal,
): Promise<number> {
  const path = `/api/projects/${projectId}/model-versions/`;
  const answer = await api.send('DELETE', path, { model_version: modelVersion }, deletedSchema, signal);
  return answer.deleted_predictions;
}
