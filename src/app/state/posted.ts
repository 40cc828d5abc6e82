import type { AppState } from './appState.ts';

/**
 * Whether Label Studio holds this result already; only Label Studio itself knows. False outside projects, and
 * when it does not answer: a later post is idempotent and keeps what is there.
 */
export async function isInLabelStudio(app: AppState, key: string): Promise<boolean> {
  const { chosen } = app.source;
  const result = app.review.find(key);
  if (chosen === null || result === undefined || result.taskId === null) return false;
  try {
    const { labelStudio, project } = chosen;
    const held = await labelStudio.havePrediction(project.id, result.modelVersion, [result.taskId]);
    return held.has(result.taskId);
  } catch {
    return false;
  }
}
