import type { AppState } from './appState.ts';

/**
 * Whether Label Studio holds this result already; only Label Studio itself knows. False outside projects, and
 * when it does not answer: a later post is idempotent and keeps what is there.
 */
export async function isInLabelStudio(app: AppState, key: string): Promise<boolean> {
  const { chosen } = app.source;
  if (chosen === null) return false;
  try {
    const result = await app.review.read(key);
    if (result === undefined || result.taskId === null) return false;
    const { labelStudio, project } = chosen;
    const held = await labelStudio.havePrediction(project.id, result.modelVersion, [result.taskId]);
    return held.has(result.taskId);
  } catch {
    return false;
  }
}
