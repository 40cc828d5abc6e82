/** The relay's interface for training, as the page calls it. Answers pass the schemas of `src/training`. */
import * as v from 'valibot';
import {
  apiProblemSchema,
  backendStatusSchema,
  jobListSchema,
  labelStudioStatusSchema,
  projectSettingsSchema,
  relayEventSchema,
  trainingStatusSchema,
} from '../../training/api.ts';
import type {
  BackendStatus,
  LabelStudioStatus,
  ProjectSettings,
  ProjectSettingsPatch,
  RelayEvent,
  StoredResult,
  TrainingStatus,
} from '../../training/api.ts';
import { eventSchema } from '../../training/events.ts';
import type { TrainingEvent } from '../../training/events.ts';
import { jobSchema } from '../../training/job.ts';
import type { Job, TrainRequestInput } from '../../training/job.ts';
import { listenTo } from './serverEvents.ts';

/** 'absent': this server has no training. 'offline': no server answers. Else the relay's own code. */
export class RelayApiError extends Error {
  override readonly name = 'RelayApiError';
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A piece of a job's log, and the byte after it. */
export interface LogPiece {
  readonly text: string;
  readonly next: number;
}

/** Calls reject with `RelayApiError`. What is listened to goes on until the returned function is called. */
export interface RelayApi {
  status(): Promise<TrainingStatus>;
  handOver(access: { readonly url: string; readonly token: string }): Promise<LabelStudioStatus>;
  /** The relay keeps no address and no token any more. */
  forgetAccess(): Promise<void>;
  jobs(): Promise<readonly Job[]>;
  start(request: TrainRequestInput): Promise<Job>;
  cancel(id: string): Promise<Job>;
  resume(id: string): Promise<Job>;
  remove(id: string): Promise<void>;
  log(id: string, from: number): Promise<LogPiece>;
  settings(project: number): Promise<ProjectSettings>;
  changeSettings(project: number, patch: ProjectSettingsPatch): Promise<ProjectSettings>;
  backend(project: number): Promise<BackendStatus>;
  connectBackend(project: number): Promise<BackendStatus>;
  giveResults(results: readonly StoredResult[]): Promise<void>;
  /** Of one job, from its first on; `seq` grows. Ends by itself when the job has ended. */
  onJobEvent(id: string, listener: (event: TrainingEvent, seq: number) => void): () => void;
  /** Of all jobs, from now on; `onOpen` after each (re)connection, for what was missed in between. */
  onRelayEvent(listener: (event: RelayEvent) => void, onOpen: () => void): () => void;
}

/** The relay that serves this page. */
export function createRelayApi(): RelayApi {
  return {
    status: () => call('GET', '/api/training', trainingStatusSchema),
    handOver: (access) => call('PUT', '/api/label-studio', labelStudioStatusSchema, access),
    async forgetAccess() {
      await send('DELETE', '/api/label-studio');
    },
    jobs: async () => (await call('GET', '/api/jobs', jobListSchema)).jobs,
    start: (request) => call('POST', '/api/jobs', jobSchema, request),
    cancel: (id) => call('POST', `${jobPath(id)}/cancel`, jobSchema),
    resume: (id) => call('POST', `${jobPath(id)}/resume`, jobSchema),
    async remove(id) {
      await send('DELETE', jobPath(id));
    },
    async log(id, from) {
      const bytes = await (await send('GET', `${jobPath(id)}/log?from=${from}`)).arrayBuffer();
      return { text: new TextDecoder().decode(bytes), next: from + bytes.byteLength };
    },
    settings: (project) => call('GET', `/api/projects/${project}`, projectSettingsSchema),
    changeSettings: (project, patch) =>
      call('PATCH', `/api/projects/${project}`, projectSettingsSchema, patch),
    backend: (project) => call('GET', `/api/projects/${project}/backend`, backendStatusSchema),
    connectBackend: (project) => call('POST', `/api/projects/${project}/backend`, backendStatusSchema),
    async giveResults(results) {
      await send('PUT', '/api/results', { results });
    },
    onJobEvent: (id, listener) =>
      listenTo(`${jobPath(id)}/events`, (data, lastId) => {
        const parsed = v.safeParse(eventSchema, data);
        if (parsed.success) listener(parsed.output, Number(lastId));
      }),
    onRelayEvent: (listener, onOpen) =>
      listenTo(
        '/api/events',
        (data) => {
          const parsed = v.safeParse(relayEventSchema, data);
          if (parsed.success) listener(parsed.output);
        },
        onOpen,
      ),
  };
}

const jobPath = (id: string): string => `/api/jobs/${encodeURIComponent(id)}`;

type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

/** Asks the relay that serves this page. Rejects with `RelayApiError`, also when the answer does not pass `schema`. */
export async function call<Schema extends v.GenericSchema>(
  method: Method,
  path: string,
  schema: Schema,
  body?: unknown,
): Promise<v.InferOutput<Schema>> {
  const response = await send(method, path, body);
  const parsed = v.safeParse(schema, await response.json().catch(() => undefined));
  if (parsed.success) return parsed.output;
  // Another server answers every address with its page.
  throw absent();
}

async function send(method: Method, path: string, body?: unknown): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  } catch (cause) {
    throw new RelayApiError(
      'offline',
      'Forelabel on this machine does not answer. Start it again with "forelabel serve"; a training goes on meanwhile.',
      { cause },
    );
  }
  if (response.ok) return response;
  const problem = v.safeParse(apiProblemSchema, await response.json().catch(() => undefined));
  if (problem.success) throw new RelayApiError(problem.output.error.code, problem.output.error.message);
  if (response.status === 404) throw absent();
  if (response.status === 401 || response.status === 403) {
    throw new RelayApiError(
      'unauthorized',
      'Forelabel does not know this page any more. Open it again with the address that "forelabel serve" prints.',
    );
  }
  throw new RelayApiError(
    'failed',
    `Forelabel on this machine failed (${response.status}). Try again; the terminal it runs in says why.`,
  );
}

function absent(): RelayApiError {
  return new RelayApiError(
    'absent',
    'The server of this page has no training. Start Forelabel with "forelabel serve" and open the page there.',
  );
}
