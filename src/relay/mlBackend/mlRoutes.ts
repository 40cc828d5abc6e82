import { Hono } from 'hono';
import type { Context } from 'hono';
import type { Logger } from 'pino';
import * as v from 'valibot';
import { refuse } from '../auth/refusal.ts';
import type { TrainingService } from '../training/contracts.ts';
import type { AutoTraining } from './autoTraining.ts';
import { whyOf } from './detectTasks.ts';
import { metricsText, type Counters } from './metrics.ts';
import { predict, type PredictOptions } from './predict.ts';
import { projectModel } from './projectModel.ts';
import { changedAnnotations, predictSchema, setupSchema, trainSchema, webhookSchema } from './requests.ts';
import { startTraining } from './startTraining.ts';

export interface MlRoutesOptions {
  readonly predict: PredictOptions;
  readonly training: Pick<TrainingService, 'start'>;
  readonly automatic: Pick<AutoTraining, 'annotated' | 'started'>;
  readonly counters: () => Counters;
  readonly log: Logger;
}

/** Label Studio waits 3 s for /setup, at each opening of a task. */
const setupPatience = 700;
/** Anybody on this machine may name projects that do not exist. */
const mostProjects = 1000;

/** Label Studio's ML-backend protocol, at the root: Label Studio connects with the relay's plain address. */
export function mlRoutes(options: MlRoutesOptions): Hono {
  const { training, automatic, counters, log } = options;
  const routes = new Hono();
  const count = { requests: 0, tasks: 0, predictions: 0 };
  /** What /setup answered last, by project, for when the disk is slow or the database is locked. */
  const lastVersion = new Map<number | null, string>();
  const remember = (project: number | null, version: string): void => {
    lastVersion.delete(project);
    lastVersion.set(project, version);
    const [oldest] = lastVersion.keys();
    if (lastVersion.size > mostProjects && oldest !== undefined) lastVersion.delete(oldest);
  };

  // Browsers, which name what they show, are served the app at this address; Label Studio takes anything.
  routes.get('/', async (c, next) => {
    const accept = c.req.header('accept') ?? '*/*';
    return accept.includes('text/html') ? next() : c.json({ status: 'UP', model_class: 'Forelabel' });
  });

  routes.post('/setup', async (c) => {
    const body = v.safeParse(setupSchema, await json(c));
    const project = body.success ? body.output.project : null;
    const asked = projectModel(project, options.predict)
      .then((model) => {
        if (model !== undefined) remember(project, model.version);
        return model?.version;
      })
      .catch((error: unknown) => {
        log.error({ project, ...whyOf(error) }, 'the model of a project could not be found');
        return undefined;
      });
    const version = await Promise.race([asked, after(setupPatience)]);
    return c.json({ model_version: version ?? lastVersion.get(project) ?? '' });
  });

  routes.post('/predict', async (c) => {
    const body = v.safeParse(predictSchema, await json(c));
    if (!body.success) {
      return refuse(
        c,
        400,
        'bad-request',
        "The request is not what Label Studio sends to /predict: it needs 'tasks', a list of at least one. Call it through Label Studio.",
      );
    }
    const started = performance.now();
    const { signal } = c.req.raw;
    const results = await predict(body.output, options.predict, signal).catch((error: unknown) => {
      if (signal.aborted) return null;
      throw error;
    });
    // Nobody reads this any more.
    if (results === null) return c.body(null, 408);
    const predictions = results.filter((result) => 'result' in result).length;
    count.requests += 1;
    count.tasks += results.length;
    count.predictions += predictions;
    log.info({
      project: body.output.project,
      tasks: results.length,
      predictions,
      ms: Math.round(performance.now() - started),
    });
    return c.json({ results });
  });

  routes.post('/webhook', async (c) => {
    const body = v.safeParse(webhookSchema, await json(c));
    if (!body.success) {
      return refuse(
        c,
        400,
        'bad-request',
        "The event cannot be read: it needs an 'action'. Call it through Label Studio.",
      );
    }
    const { action, project } = body.output;
    if (action === 'START_TRAINING') {
      if (project === undefined) return refuse(c, 400, 'bad-request', noProject);
      return train(c, project.id);
    }
    const annotations = changedAnnotations(body.output);
    if (annotations !== null && project !== undefined) automatic.annotated(project.id, annotations);
    return c.json({ status: 'ok' });
  });

  routes.post('/train', async (c) => {
    const body = v.safeParse(trainSchema, await json(c));
    if (!body.success) return refuse(c, 400, 'bad-request', noProject);
    return train(c, body.output.project);
  });

  async function train(c: Context, project: number): Promise<Response> {
    const { status, body } = await startTraining(project, training, log);
    if (status === 201) automatic.started(project);
    return c.json(body, status);
  }

  routes.get('/versions', async (c) => {
    const { models } = await options.predict.models();
    return c.json({ versions: models.map(({ version }) => version) });
  });

  routes.get('/metrics', (c) => c.text(metricsText({ ...counters(), ...count })));

  return routes;
}

const noProject = "The request names no project. Call it through Label Studio's button 'Start Training'.";

/** Null for what is no JSON. The parser's own words would quote the payload. */
function json(c: Context): Promise<unknown> {
  return c.req.json().catch(() => null);
}

function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), ms).unref();
  });
}
