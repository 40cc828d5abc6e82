import { Hono } from 'hono';
import type { Logger } from 'pino';
import { presetSettings } from '../training/presets.ts';
import { presets } from '../training/job.ts';
import { openDatabase } from './database.ts';
import { runChecks } from './doctor/runChecks.ts';
import { EnginePool, nativeEngines } from './engine/enginePool.ts';
import { engineRoutes } from './engine/engineRoutes.ts';
import { appFolder, modelsFolders } from './home.ts';
import { labelStudioAccess } from './labelStudioAccess.ts';
import { createMlBackend, type MlBackend } from './mlBackend/createMlBackend.ts';
import { listModels } from './modelCatalog.ts';
import { serveRelay, type RelayServer } from './server.ts';
import { installationSecret } from './settings/installationSecret.ts';
import type { SettingFlags } from './settings/settings.ts';
import type { Settings } from './settings/table.ts';
import { panelOrigins } from './panel/panelOrigins.ts';
import { panelRoutes } from './panel/panelRoutes.ts';
import { userScriptRoute } from './panel/userScriptRoute.ts';
import { readyTrainerPython } from './trainerEnvironment/trainerPython.ts';
import { needsCuda } from './trainerEnvironment/gpu.ts';
import { composeTraining } from './training/composeTraining.ts';
import { jobRoutes } from './training/jobRoutes.ts';

export interface StartOptions {
  readonly home: string;
  readonly settings: Settings;
  readonly env: NodeJS.ProcessEnv;
  readonly flags: SettingFlags;
  readonly log: Logger;
  /** For people: one or two sentences, without a secret in them. */
  readonly note?: (message: string) => void;
}

/** The relay with all it does: app, models, training, Label Studio's ML backend. */
export async function startRelay(options: StartOptions): Promise<RelayServer> {
  const { home, settings, env, flags, log, note } = options;
  const access = labelStudioAccess({ home, env, flags, ...(note && { note }) });
  const secret = settings.secret ?? (await installationSecret(home, note));
  const models = () => listModels(modelsFolders({ ...env, FORELABEL_HOME: home }));
  // Training asks the project's settings whether open pages take a new model; these exist a moment later.
  const later: { backend?: MlBackend } = {};
  const training = await composeTraining({
    ...{ home, settings, models, log },
    access: access.find,
    takeNewModel: async (project) => (await later.backend?.settings.get(project))?.takeNewModel ?? false,
  });
  // One for all: a model is in memory once, whoever asks for it.
  const engines = new EnginePool(
    nativeEngines({
      gpu: settings.device !== 'cpu',
      onInfo: ({ modelVersion, device, why }) =>
        log.warn({ model: modelVersion, device, why }, 'an engine goes on elsewhere'),
    }),
  );
  let url = '';
  const database = await openDatabase(home);
  const panel = panelOrigins(database);
  const backend = createMlBackend({
    ...{ models, training, secret, log, database, engines },
    findAccess: access.find,
    newestModelOf: (project) => training.newestModel(project),
    publicUrl: () => settings.publicUrl ?? url,
    threshold: settings.threshold,
  });
  later.backend = backend;
  const { root, api } = backend;
  const server = await serveRelay({
    ...{ models, secret, log },
    appDir: appFolder,
    host: settings.host,
    port: settings.port,
    hosts: settings.publicUrl === null ? [] : [new URL(settings.publicUrl).host],
    panelOrigins: async () => (await panel.list()).map(({ origin }) => origin),
    extend: (app) => {
      root(app);
      app.route(
        '/',
        userScriptRoute(() => settings.publicUrl),
      );
    },
    api: (routes) => {
      api(routes);
      routes.route('/', panelRoutes(panel));
      routes.route('/', engineRoutes({ models, engines }));
      routes.route('/', doctorRoutes(options));
      routes.route('/', jobRoutes({ service: training, labelStudio: access, facts: () => facts(settings) }));
    },
  }).catch(async (error: unknown) => {
    await training.close();
    await backend.close();
    await engines.close();
    throw error;
  });
  url = server.url;
  return {
    ...server,
    async close() {
      await server.close();
      await backend.close();
      await engines.close();
      await training.close();
    },
  };
}

async function facts(settings: Settings) {
  const python = await readyTrainerPython({ cuda: await needsCuda(settings.device) });
  return {
    trainer: python === undefined ? ('missing' as const) : ('ready' as const),
    executor: settings.executor,
    presets: presets.map((name) => {
      const { epochs, about } = presetSettings[name];
      return { name, epochs, about };
    }),
  };
}

/** `GET /doctor`: what `forelabel doctor` prints. */
function doctorRoutes({ home, env, flags }: StartOptions): Hono {
  const routes = new Hono();
  routes.get('/doctor', async (c) => {
    const checks = await runChecks({ home, env, flags, signal: c.req.raw.signal });
    return c.json({ checks });
  });
  return routes;
}
