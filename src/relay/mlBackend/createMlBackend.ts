import type { Client } from '@libsql/client';
import type { Hono } from 'hono';
import type { Logger } from 'pino';
import type { EnginePool } from '../engine/enginePool.ts';
import type { Catalog } from '../modelCatalog.ts';
import { mediaRoutes } from '../media/mediaRoutes.ts';
import { projectSettingsRoutes } from '../projectSettings/projectSettingsRoutes.ts';
import { projectSettingsStore, type ProjectSettingsStore } from '../projectSettings/projectSettingsTable.ts';
import { resultRoutes } from '../results/resultRoutes.ts';
import { resultStore } from '../results/resultTable.ts';
import type { FindAccess, TrainingService } from '../training/contracts.ts';
import { AutoTraining, type SetTimer } from './autoTraining.ts';
import { backendRoutes } from './backendRoutes.ts';
import { TaskDetector } from './detectTasks.ts';
import { mlRoutes } from './mlRoutes.ts';
import type { PredictOptions } from './predict.ts';
import type { NewestModelOf } from './projectModel.ts';
import { taskImages } from './taskImages.ts';

export interface MlBackendOptions {
  readonly database: Client;
  readonly findAccess: FindAccess;
  readonly models: () => Promise<Catalog>;
  readonly newestModelOf: NewestModelOf;
  readonly training: Pick<TrainingService, 'start' | 'list' | 'subscribe'>;
  /** The relay's address as Label Studio is to call it. */
  readonly publicUrl: () => string;
  /** The installation's secret, for Label Studio to log in with. */
  readonly secret: string;
  /** Of projects for which none was chosen, 0..1; default 0.3. */
  readonly threshold?: number;
  /** Closed by whoever made it. */
  readonly engines: EnginePool;
  readonly log: Logger;
  readonly setTimer?: SetTimer;
  readonly budgets?: NonNullable<PredictOptions['budgets']>;
}

/** Everything of the relay that has to do with Label Studio calling it. */
export interface MlBackend {
  /** `extend` of `createRelay`: what Label Studio calls. */
  readonly root: (app: Hono) => void;
  /** `api` of `createRelay`: projects, results, images. To be mounted before routes with smaller body limits. */
  readonly api: (app: Hono) => void;
  readonly settings: ProjectSettingsStore;
  /** Resolves when the events so far are counted. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

export function createMlBackend(options: MlBackendOptions): MlBackend {
  const { database, findAccess, models, newestModelOf, training, engines, log } = options;
  const settings = projectSettingsStore(database, findAccess, options.threshold);
  const results = resultStore(database, findAccess);
  const detector = new TaskDetector({ results, engines, fetchImage: taskImages(findAccess), log });
  const automatic = new AutoTraining({
    settings,
    training,
    log,
    ...(options.setTimer && { setTimer: options.setTimer }),
  });
  const routes = mlRoutes({
    predict: {
      ...{ models, settings, newestModelOf, detector, log },
      ...(options.budgets && { budgets: options.budgets }),
    },
    ...{ training, automatic, log },
    counters: () => ({ inferred: detector.inferred, waiting: detector.waiting }),
  });
  return {
    root: (app) => void app.route('/', routes),
    api: (app) => {
      app.route('/', projectSettingsRoutes(settings, models));
      app.route('/', backendRoutes(options));
      app.route('/', resultRoutes(results));
      app.route('/', mediaRoutes(findAccess));
    },
    settings,
    idle: () => automatic.idle(),
    async close() {
      automatic.close();
      detector.close();
      await automatic.idle();
    },
  };
}
