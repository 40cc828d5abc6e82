import type { LabelStudioAccess } from '../contracts.ts';
import { aboutProject, connectTo } from './openProject.ts';
import { asTrainingError } from './problems.ts';

/** How many tasks of a project have a submitted annotation. One request. Throws `TrainingError`. */
export async function countAnnotated(
  access: LabelStudioAccess,
  project: number,
  signal?: AbortSignal,
): Promise<number> {
  try {
    return await connectTo(access).countAnnotated(project, signal);
  } catch (error) {
    throw asTrainingError(aboutProject(error, project));
  }
}
