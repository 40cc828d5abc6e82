/** Training over HTTP: the routes of `src/training/api.ts` that are about jobs, and about Label Studio's token. */
import { Hono } from 'hono';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import * as v from 'valibot';
import { createLabelStudio } from '../../labelstudio/client.ts';
import { LabelStudioError } from '../../labelstudio/errors.ts';
import type { ApiProblem, LabelStudioStatus, RelayEvent, TrainingStatus } from '../../training/api.ts';
import { isEnded, trainRequestSchema } from '../../training/job.ts';
import type { Job } from '../../training/job.ts';
import { TrainingError } from './contracts.ts';
import type { LabelStudioAccess, TrainingService } from './contracts.ts';
import { begun, gathered, sendEvents } from './eventStream.ts';

/** What the relay keeps of Label Studio; the file is another's business. */
export interface LabelStudioKeeper {
  status(): Promise<LabelStudioStatus>;
  /** Keeps both, in place of what was kept before. */
  save(access: LabelStudioAccess): Promise<void>;
  forget(): Promise<void>;
}

export interface JobRoutesOptions {
  readonly service: TrainingService;
  readonly labelStudio: LabelStudioKeeper;
  /** What `GET /training` says besides Label Studio's status. */
  readonly facts: () => Promise<Omit<TrainingStatus, 'labelStudio'>>;
  /** Checks address and token before they are kept, and gives the address as it is kept. Tests hand in their own. */
  readonly check?: (access: LabelStudioAccess, signal: AbortSignal) => Promise<{ readonly url: string }>;
  /** Milliseconds between two comment lines of an event stream. */
  readonly heartbeat?: number;
}

/** Bodies are a few words each; the largest thing in them is a token. */
const largestBody = 64 * 1024;

const accessSchema = v.strictObject({
  url: v.pipe(v.string(), v.minLength(1), v.maxLength(2000)),
  token: v.pipe(v.string(), v.minLength(1), v.maxLength(10_000)),
});

/** Codes that are not simply a request that cannot be met. */
const statuses: Readonly<Record<string, 404 | 409>> = {
  'job-unknown': 404,
  'job-ended': 409,
  'job-running': 409,
  'job-not-resumable': 409,
};

/** To be mounted at `/api`, behind the guards that ask for the installation's secret. */
export function jobRoutes(options: JobRoutesOptions): Hono {
  const { service, labelStudio, facts, check = connects, heartbeat = 15_000 } = options;
  const routes = new Hono();

  routes.use(bodyLimit({ maxSize: largestBody, onError: (c) => refuse(c, 413, 'too-large', tooLarge) }));

  routes.get('/training', async (c) => {
    const [known, rest] = await Promise.all([labelStudio.status(), facts()]);
    return c.json<TrainingStatus>({ labelStudio: known, ...rest });
  });

  routes.put('/label-studio', async (c) => {
    const { url, token } = await bodyOf(c, accessSchema);
    // The address as the client understood it: typed ones come with a slash or a path behind.
    const found = await check({ url, token }, c.req.raw.signal);
    await labelStudio.save({ url: found.url, token });
    return c.json(await labelStudio.status());
  });
  routes.delete('/label-studio', async (c) => {
    await labelStudio.forget();
    return c.body(null, 204);
  });

  routes.get('/jobs', async (c) => c.json({ jobs: await service.list() }));
  routes.post('/jobs', async (c) =>
    c.json(await service.start(await bodyOf(c, trainRequestSchema), 'person'), 201),
  );
  routes.get('/jobs/:id', async (c) => c.json(await known(c)));
  routes.post('/jobs/:id/cancel', async (c) => c.json(await service.cancel(c.req.param('id'))));
  routes.post('/jobs/:id/resume', async (c) => c.json(await service.resume(c.req.param('id'))));
  routes.delete('/jobs/:id', async (c) => {
    await service.remove(c.req.param('id'));
    return c.body(null, 204);
  });

  routes.get('/jobs/:id/log', async (c) => {
    const { id } = await known(c);
    return c.text(await service.log(id, wholeNumber(c.req.query('from'))), 200, {
      'Cache-Control': 'no-store',
    });
  });

  routes.get('/jobs/:id/events', async (c) => {
    const job = await known(c);
    const after = wholeNumber(c.req.header('last-event-id'));
    const events = (signal: AbortSignal) => service.events(job.id, after, signal);
    // An ended job whose reader has seen everything: 204 is how an EventSource is told not to come again.
    const waiting = isEnded(job) ? await begun(events(c.req.raw.signal)) : undefined;
    if (waiting === null) return c.body(null, 204);
    return sendEvents(
      c,
      async function* (signal) {
        for await (const { seq, event } of waiting ?? events(signal)) yield { id: String(seq), data: event };
      },
      heartbeat,
    );
  });

  routes.get('/events', (c) => {
    const events = gathered<RelayEvent>((listener) => service.subscribe(listener));
    return sendEvents(
      c,
      async function* (signal) {
        for await (const data of events(signal)) yield { data };
      },
      heartbeat,
    );
  });

  routes.onError((error, c) => {
    if (error instanceof TrainingError) return refuse(c, statuses[error.code] ?? 422, error.code, error);
    if (error instanceof LabelStudioError) return refuse(c, 422, error.code, error);
    throw error;
  });

  /** The job of the path. Throws 'job-unknown'. */
  async function known(c: Context): Promise<Job> {
    const job = await service.get(c.req.param('id') ?? '');
    if (job === undefined) {
      throw new TrainingError('job-unknown', 'There is no such training. Look at the list of trainings.');
    }
    return job;
  }

  return routes;
}

const tooLarge = { message: 'The request is too large. Send only what this address asks for.' };

function refuse(
  c: Context,
  status: 404 | 409 | 413 | 422,
  code: string,
  { message }: { readonly message: string },
): Response {
  return c.json<ApiProblem>({ error: { code, message } }, status);
}

/** The request's body against its schema. Throws `TrainingError` 'bad-request'; a body is never quoted. */
async function bodyOf<Schema extends v.GenericSchema>(
  c: Context,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  const body: unknown = await c.req.json().catch((error: unknown) => {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  });
  const parsed = v.safeParse(schema, body);
  if (parsed.success) return parsed.output;
  const where = v.getDotPath(parsed.issues[0]);
  throw new TrainingError(
    'bad-request',
    `The request cannot be read: ${where === null ? 'its body is not what this address takes' : `"${where}" is missing or not allowed`}. ` +
      'Reload the page, or see what this version of Forelabel takes.',
  );
}

/** '42' -> 42; what is missing or no whole number counts as 0: from the beginning. */
function wholeNumber(text = ''): number {
  return /^\d{1,15}$/u.test(text) ? Number(text) : 0;
}

function connects(access: LabelStudioAccess, signal: AbortSignal): Promise<{ readonly url: string }> {
  return createLabelStudio(access).connect(signal);
}
