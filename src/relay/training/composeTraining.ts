import { join } from 'node:path';
import type { Logger } from 'pino';
import { createLabelStudio } from '../../labelstudio/client.ts';
import type { ExecutorKind } from '../../training/job.ts';
import { modelsFolders } from '../home.ts';
import { listModels, type Catalog } from '../modelCatalog.ts';
import { makeHome } from '../settings/privateFile.ts';
import type { Settings } from '../settings/table.ts';
import { cacheFolder } from '../trainerEnvironment/cacheFolder.ts';
import { needsCuda } from '../trainerEnvironment/gpu.ts';
import { trainerPython } from '../trainerEnvironment/trainerPython.ts';
import { createCollect } from './collect/createCollect.ts';
import { asTrainingError } from './collect/problems.ts';
import { TrainingError, type Executor, type FindAccess, type TrainingService } from './contracts.ts';
import { createTraining, type TrainingOptions } from './createTraining.ts';
import { localExecutor } from './executors/local.ts';
import { rayExecutor } from './executors/ray.ts';
import { torchrunExecutor } from './executors/torchrun.ts';

export interface ComposeOptions extends Pick<TrainingOptions, 'takeNewModel' | 'onModel' | 'work'> {
  readonly home: string;
  readonly settings: Settings;
  readonly access: FindAccess;
  readonly log: Logger;
  /** Default: those of the package and of this home. */
  readonly models?: () => Promise<Catalog>;
}

/** Where the models of a home lie. */
export const ownModelsFolder = (home: string): string => join(home, 'models');

/** Training with all its parts, as `serve` and `train` use it. The caller closes it. */
export async function composeTraining(options: ComposeOptions): Promise<TrainingService> {
  const { home, settings, access, log, models, takeNewModel, onModel, work } = options;
  await makeHome(home);
  return createTraining({
    home,
    access,
    log,
    models: models ?? (() => listModels(modelsFolders({ FORELABEL_HOME: home }))),
    modelsFolder: ownModelsFolder(home),
    collect: createCollect({ access, cacheFolder: cacheFolder() }),
    executors: executorsOf(settings),
    defaultExecutor: () => settings.executor,
    // The first job installs MMDetection, in sight of who waits for it.
    trainerReady: async (onProgress, signal) =>
      trainerPython({ cuda: await needsCuda(settings.device), onProgress, signal }),
    projectInfo: (project) => projectInfo(access, project),
    keepJobs: settings.keepJobs,
    ...(takeNewModel === undefined ? {} : { takeNewModel }),
    ...(onModel === undefined ? {} : { onModel }),
    ...(work === undefined ? {} : { work }),
  });
}

/** Those that the settings allow: Ray needs to know its cluster. */
function executorsOf(settings: Settings): Partial<Record<ExecutorKind, Executor>> {
  const { device, gpus, rayAddress, rayPython, rayCpus, rayToken } = settings;
  const python = async () => trainerPython({ cuda: await needsCuda(device) });
  // PyTorch built for CUDA takes a GPU that it sees.
  const env = device === 'cpu' ? { ...process.env, CUDA_VISIBLE_DEVICES: '' } : process.env;
  return {
    local: localExecutor({ python, env }),
    torchrun: torchrunExecutor({ python, gpus, env }),
    ...(rayAddress === null
      ? {}
      : {
          ray: rayExecutor({
            address: rayAddress,
            python: rayPython ?? 'python3',
            cpus: rayCpus,
            gpus,
            ...(rayToken === null ? {} : { token: rayToken }),
          }),
        }),
  };
}

async function projectInfo(access: FindAccess, project: number): Promise<{ readonly title: string }> {
  const found = await access();
  if (found === null) {
    throw new TrainingError(
      'label-studio-unknown',
      'Forelabel was not told of a Label Studio. Set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY, or connect it in the app.',
    );
  }
  try {
    return await createLabelStudio(found).getProject(project, AbortSignal.timeout(20_000));
  } catch (error) {
    throw asTrainingError(error);
  }
}
