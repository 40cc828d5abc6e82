/**
 * The Jobs API on the dashboard of a Ray cluster (Ray 2.60: `dashboard/modules/job/job_head.py`). Over node:http,
 * because Ray takes Node's `fetch` for a browser, by its `sec-fetch-mode`, and refuses its POST with 405.
 */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import * as v from 'valibot';
import { InterruptedError, TrainingError } from '../contracts.ts';

/** One request, connecting and reading included. */
const TIMEOUT_MS = 30_000;
/** Far above any answer that is one: Ray cuts its messages at 20,000 characters, logs are cut here. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

export const rayStatuses = ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'STOPPED'] as const;

const rayJobSchema = v.object({
  status: v.picklist(rayStatuses),
  message: v.nullish(v.string(), ''),
  /** Null where the command ran; else what kept Ray from running it. */
  error_type: v.nullish(v.string(), null),
  /** Of the command, negative for a signal; null while it runs and where it never did. */
  driver_exit_code: v.nullish(v.number(), null),
});
export type RayJob = v.InferOutput<typeof rayJobSchema>;

/** The fields of a submission that are used here; a `submission_id` exists once in a cluster. */
export interface RaySubmission {
  readonly submission_id: string;
  /** For /bin/sh. */
  readonly entrypoint: string;
  readonly runtime_env: { readonly env_vars: Readonly<Record<string, string>> };
  readonly metadata: Readonly<Record<string, string>>;
  readonly entrypoint_num_cpus: number;
  readonly entrypoint_num_gpus: number;
}

/**
 * All of them throw `TrainingError`: 'ray-unreachable' (an `InterruptedError`), 'ray-unauthorized',
 * 'ray-refused', 'ray-answer' (that is no Ray dashboard); and the signal's reason once it has aborted.
 */
export interface RayClient {
  submit(job: RaySubmission): Promise<void>;
  /** Undefined: this cluster knows no such submission. */
  find(submissionId: string, signal?: AbortSignal): Promise<RayJob | undefined>;
  /** What Ray itself and the command printed on the node; '' where nothing ran. */
  logs(submissionId: string): Promise<string>;
  /** Asks the cluster to stop it; the job's status tells when it has stopped. */
  stop(submissionId: string): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/**
 * @param address of the dashboard, 'http://head:8265'; a path in front of `/api` is kept. Throws 'ray-address'.
 * @param token of a cluster with RAY_AUTH_MODE=token; sent as `Authorization: Bearer`, as Ray's own client does
 */
export function rayClient(address: string, token: string | undefined): RayClient {
  const base = jobsUrl(address);
  const call = async (method: 'GET' | 'POST', path: string, body?: unknown, signal?: AbortSignal) => {
    const answer = await send(new URL(path, base), method, token, body, signal);
    // Ray's own 404 names the job; any other comes from something that is not Ray, or not Ray alone.
    if (answer.status === 404 && /^Job .* does not exist$/su.test(answer.text.trim())) return undefined;
    if (answer.status !== 200) throw refusal(answer, base.origin);
    return answer.text;
  };
  const one = (submissionId: string) => encodeURIComponent(submissionId);
  return {
    submit: async (job) => {
      await call('POST', '', job);
    },
    find: async (submissionId, signal) => {
      const text = await call('GET', one(submissionId), undefined, signal);
      return text === undefined ? undefined : parsed(rayJobSchema, text, base.origin);
    },
    logs: async (submissionId) => {
      const text = await call('GET', `${one(submissionId)}/logs`);
      return text === undefined ? '' : parsed(v.object({ logs: v.string() }), text, base.origin).logs;
    },
    stop: async (submissionId) => {
      await call('POST', `${one(submissionId)}/stop`);
    },
  };
}

function jobsUrl(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (
    url === undefined ||
    !/^https?:$/u.test(url.protocol) ||
    `${url.username}${url.password}${url.search}` !== ''
  ) {
    // Not repeated in the message: it may hold a password.
    throw new TrainingError(
      'ray-address',
      'The address of the Ray cluster is not one of a dashboard. Set it to something like http://head:8265, ' +
        'without user and password.',
    );
  }
  return new URL(`${url.pathname.replace(/\/+$/u, '')}/api/jobs/`, url.origin);
}

function send(
  url: URL,
  method: 'GET' | 'POST',
  token: string | undefined,
  body: unknown,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const deadline = AbortSignal.timeout(TIMEOUT_MS);
  return new Promise<Answer>((resolve, reject) => {
    const fail = (error: Error) =>
      reject(
        signal?.aborted === true
          ? (signal.reason as Error)
          : unreachable(url.origin, error, deadline.aborted),
      );
    const open = url.protocol === 'https:' ? requestHttps : requestHttp;
    const request = open(url, {
      method,
      // A connection kept from before the head's restart would only fail.
      agent: false,
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      headers: {
        accept: 'application/json',
        ...(token !== undefined && token !== '' && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
    });
    request.on('error', fail);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        if (bytes < MAX_ANSWER_BYTES) chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) request.destroy(new Error('its answer is absurdly long'));
      });
      response.on('error', fail);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function unreachable(origin: string, error: Error, late: boolean): InterruptedError {
  const why = late ? `no answer within ${TIMEOUT_MS / 1000} s` : reasonOf(error);
  return new InterruptedError(
    'ray-unreachable',
    `The Ray cluster at ${origin} does not answer (${why}). ` +
      'Check that its head runs and that this machine may reach its dashboard.',
    { cause: error },
  );
}

/** Node wraps the failures of several addresses of one name in an error without words. */
function reasonOf(error: Error): string {
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return inner instanceof Error ? inner.message : error.message;
}

function refusal({ status, text }: Answer, origin: string): TrainingError {
  if (status === 401 || status === 403) {
    return new TrainingError(
      'ray-unauthorized',
      `The Ray cluster at ${origin} wants ${status === 401 ? 'a token' : 'another token'}. ` +
        'Give the one that the cluster was started with (RAY_AUTH_TOKEN).',
    );
  }
  // A traceback; its last line says what is wrong.
  const words = text.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  if (status >= 500 || status === 429) {
    return new InterruptedError(
      'ray-unreachable',
      `The Ray cluster at ${origin} has trouble (${status}: ${words}). Look at its dashboard's log.`,
    );
  }
  if (status === 400) {
    return new TrainingError('ray-refused', `The Ray cluster at ${origin} refuses the job: ${words}`);
  }
  return notRay(origin, `it answers with ${status}`);
}

function parsed<S extends v.GenericSchema>(schema: S, text: string, origin: string): v.InferOutput<S> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw notRay(origin, 'its answer is not JSON');
  }
  const result = v.safeParse(schema, json);
  if (!result.success) throw notRay(origin, 'its answer has another shape');
  return result.output;
}

const notRay = (origin: string, why: string) =>
  new TrainingError(
    'ray-answer',
    `${origin} is not the dashboard of a Ray cluster: ${why}. Its address has the port 8265 unless told otherwise.`,
  );
