import * as v from 'valibot';
import type { Api } from './api.ts';
import { LabelStudioError } from './errors.ts';
import type { Project } from './types.ts';

const projectSchema = v.pipe(
  v.object({
    id: v.number(),
    title: v.nullish(v.string(), ''),
    task_number: v.nullish(v.number(), 0),
    label_config: v.nullish(v.string(), ''),
    model_version: v.nullish(v.string(), ''),
  }),
  v.transform((raw): Project => ({
    id: raw.id,
    title: raw.title,
    taskCount: raw.task_number,
    labelConfig: raw.label_config,
    modelVersion: raw.model_version === '' ? null : raw.model_version,
  })),
);

const projectPageSchema = v.object({ next: v.nullable(v.string()), results: v.array(projectSchema) });

const FIELDS = 'id,title,task_number,label_config,model_version';

/** All projects that the token's user can see, in Label Studio's order. */
export async function listProjects(api: Api, signal?: AbortSignal): Promise<Project[]> {
  const projects: Project[] = [];
  for (let page = 1; ; page += 1) {
    const answer = await api.get(
      `/api/projects/?page=${page}&page_size=100&include=${FIELDS}`,
      projectPageSchema,
      signal,
    );
    projects.push(...answer.results);
    if (answer.next === null) return projects;
  }
}

export async function getProject(api: Api, id: number, signal?: AbortSignal): Promise<Project> {
  return api.get(`/api/projects/${id}/`, projectSchema, signal);
}

/**
 * Makes a model version the one that annotators see. Label Studio refuses a version of which it holds
 * no prediction; that is `LabelStudioError` 'model-version-refused'.
 */
export async function showModelVersion(
  api: Api,
  projectId: number,
  modelVersion: string,
  signal?: AbortSignal,
): Promise<void> {
  let shown: string | null;
  try {
    const body = { model_version: modelVersion, show_collab_predictions: true };
    const project = await api.send('PATCH', `/api/projects/${projectId}/`, body, projectSchema, signal);
    shown = project.modelVersion;
  } catch (error) {
    if (error instanceof LabelStudioError && error.code === 'bad-request') throw refused(modelVersion, error);
    throw error;
  }
  if (shown !== modelVersion) throw refused(modelVersion);
}

function refused(modelVersion: string, cause?: LabelStudioError): LabelStudioError {
  return new LabelStudioError(
    'model-version-refused',
    `Label Studio does not show the model version ${modelVersion}, because it holds no prediction of it. Post predictions first, then choose the version under Settings, Predictions.`,
    { cause },
  );
}
