import type { Logger } from 'pino';
import { detectionsToRegions, toPrediction } from '../../labelstudio/regions.ts';
import type { Mapping, Region } from '../../labelstudio/types.ts';
import type { CatalogModel } from '../modelCatalog.ts';
import type { ProjectSettingsStore } from '../projectSettings/projectSettingsTable.ts';
import { defaultProjectSettings } from '../projectSettings/projectSettingsTable.ts';
import { whyOf, type TaskDetector } from './detectTasks.ts';
import { projectMapping } from './projectMapping.ts';
import { projectModel, type ProjectModelSources } from './projectModel.ts';
import type { PredictRequest, PredictTask } from './requests.ts';

/** One entry a task. An empty list stores nothing; a prediction without regions would be stored and never asked for again. */
export type PredictResult =
  | { readonly result: readonly Region[]; readonly score: number; readonly model_version: string }
  | readonly [];

/** Label Studio gives up after 100 s, and takes about 70 ms a task to store what it got. */
const batchBudget = 45_000;
/** A single task: a person waits for it to open. */
const taskBudget = 20_000;

export interface PredictOptions extends ProjectModelSources {
  readonly settings: Pick<ProjectSettingsStore, 'get'>;
  readonly detector: Pick<TaskDetector, 'detect'>;
  readonly log: Logger;
  /** Milliseconds for several tasks and for a single one. */
  readonly budgets?: { readonly batch: number; readonly task: number };
}

/** The answer to `/predict`: results in the order of the tasks. Rejects only when `signal` aborts. */
export async function predict(
  { project, label_config: labelConfig, tasks }: PredictRequest,
  options: PredictOptions,
  signal: AbortSignal,
): Promise<readonly PredictResult[]> {
  const { detector, settings, log, budgets = { batch: batchBudget, task: taskBudget } } = options;
  const nothing = tasks.map((): PredictResult => []);
  try {
    const model = await projectModel(project, options);
    if (model === undefined) {
      log.warn({ project }, 'no predictions: no model is installed');
      return nothing;
    }
    const mapping = mappingOf(labelConfig, model, project, log);
    if (mapping === null) return nothing;
    const known = tasks.filter((task): task is PredictTask => task !== null);
    const { threshold } = project === null ? defaultProjectSettings : await settings.get(project);
    const found = await detector.detect({
      project: project ?? 0,
      tasks: known,
      field: mapping.control.imageField,
      model,
      budget: known.length === 1 ? budgets.task : budgets.batch,
      signal,
    });
    return tasks.map((task): PredictResult => {
      const image = task === null ? undefined : found.get(task.id);
      if (task === null || image === undefined) return [];
      const regions = detectionsToRegions(image.detections, image, mapping, threshold);
      if (regions.length === 0) return [];
      const { result, score, model_version } = toPrediction(task.id, regions, model.version);
      return { result, score, model_version };
    });
  } catch (error) {
    signal.throwIfAborted();
    log.error({ project, ...whyOf(error) }, 'predictions failed');
    return nothing;
  }
}

function mappingOf(
  labelConfig: string,
  model: CatalogModel,
  project: number | null,
  log: Logger,
): Mapping | null {
  try {
    return projectMapping(labelConfig, model.manifest.classes);
  } catch (error) {
    log.warn({ project, model: model.version, ...whyOf(error) }, 'no predictions for a project');
    return null;
  }
}
