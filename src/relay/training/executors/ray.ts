/** Steps as jobs of an existing Ray cluster, whose nodes share the job's folder with the relay. */
import { createHash } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import * as v from 'valibot';
import { TrainingError, type Executor, type StepCommand, type StepHandle } from '../contracts.ts';
import { rayClient, type RayClient, type RayJob } from './rayClient.ts';
import { isUnfitNode, rayEntryPoint, rayStepEnd } from './rayEntryPoint.ts';
import { shareStep } from './sharedStep.ts';

export interface RayOptions {
  /** Of the cluster's dashboard: 'http://head:8265'. */
  readonly address: string;
  /** For a cluster with RAY_AUTH_MODE=token. Goes to this address only, and into no handle, log or job. */
  readonly token?: string | undefined;
  /** The trainer's Python as the nodes know it: a path, or a name on their PATH. */
  readonly python: string;
  /** CPUs and GPUs that a step asks for, all on one node; training runs one process per GPU. Default: 1 and 0. */
  readonly cpus?: number | undefined;
  readonly gpus?: number | undefined;
  /** For the step, on top of PYTHONPATH. Everybody who can see the cluster's dashboard can read it. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds between two looks at a step. */
  readonly pollMs?: number | undefined;
  /** Milliseconds for which a silent cluster is asked again before a step counts as lost. */
  readonly patienceMs?: number | undefined;
}

const handleSchema = v.object({ submissionId: v.string(), address: v.string() });

/** While the cluster is silent, no two looks are further apart than this. */
const MAX_POLL_MS = 30_000;
/** Ray kills what ignores SIGTERM after 3 s unless told otherwise. */
const STOP_MS = 60_000;
/** A job that still waits for its resources this long after the order to stop will stop when it gets them. */
const PENDING_STOP_MS = 5_000;
/** Starting takes two seconds; what waits longer, waits for something that the log should name. */
const PENDING_TOLD_MS = 10_000;

const isAlive = (job: RayJob | undefined): boolean => job?.status === 'PENDING' || job?.status === 'RUNNING';

const isSilence = (error: unknown): error is TrainingError =>
  error instanceof TrainingError && error.code === 'ray-unreachable';

/** A step is one submission; its name is made of the command, so that another relay finds it. */
export function rayExecutor(options: RayOptions): Executor {
  const { address, token, python, cpus = 1, gpus = 0, pollMs = 1000, patienceMs = 300_000 } = options;
  /** Told to stop while they waited for resources: they go on looking alive, but nothing will come of them. */
  const abandoned = new Set<string>();

  // The token is not for the address of a step that was started under other settings.
  const clientOf = (handle: StepHandle): readonly [RayClient, string] => {
    const { submissionId, address: started } = v.parse(handleSchema, handle);
    return [rayClient(started, started === address ? token : undefined), submissionId];
  };

  /** The last attempt at this command, and the number of it; 0: none was ever made. */
  const lastAttempt = async (ray: RayClient, command: StepCommand) => {
    let last: RayJob | undefined;
    for (let attempt = 1; ; attempt++) {
      const job = await ray.find(submissionId(command, attempt));
      if (job === undefined) return { attempt: attempt - 1, job: last };
      last = job;
    }
  };

  const find = async (ray: RayClient, command: StepCommand) => {
    const { attempt, job } = await lastAttempt(ray, command);
    const id = submissionId(command, attempt);
    return isAlive(job) && !abandoned.has(id)
      ? { running: { submissionId: id, address } }
      : { running: null, next: submissionId(command, attempt + 1) };
  };

  return {
    kind: 'ray',

    async start(command) {
      const ray = rayClient(address, token);
      const shared = await shareStep(command);
      // What looked like a failure may have arrived: every try looks first.
      return insisting(async () => {
        const { running, next } = await find(ray, command);
        if (running !== null) return running;
        await ray.submit({
          submission_id: next,
          entrypoint: rayEntryPoint(shared.command, python, gpus),
          runtime_env: { env_vars: { ...options.env, PYTHONPATH: shared.pythonPath } },
          metadata: { forelabel: command.module },
          entrypoint_num_cpus: cpus,
          // Measuring and exporting take one.
          entrypoint_num_gpus: command.module === 'train' ? gpus : Math.min(gpus, 1),
        });
        return { submissionId: next, address };
      });
    },

    find: (command) => insisting(async () => (await find(rayClient(address, token), command)).running),

    async wait(handle, command, signal) {
      const [ray, id] = clientOf(handle);
      const say = (words: string) => appendFile(command.logFile, `${words}\n`);
      const began = performance.now();
      for (let told = false; ;) {
        const job = await patiently(() => ray.find(id, signal), { signal, pollMs, patienceMs, say });
        if (job === undefined) {
          await say(
            `The Ray cluster does not know the job ${id} any more: it lost its memory or was replaced.`,
          );
          return { exitCode: null, signal: null };
        }
        if (!isAlive(job)) {
          if (neverRan(job)) await say(await rayWords(ray, id, job));
          return rayStepEnd(job, command.jobFile);
        }
        if (job.status === 'PENDING') {
          if (abandoned.has(id)) return rayStepEnd({ ...job, status: 'STOPPED' }, command.jobFile);
          if (!told && performance.now() - began > PENDING_TOLD_MS) {
            await say(`Ray about the job ${id}: ${job.message}`);
            told = true;
          }
        }
        await sleep(pollMs, undefined, { signal });
      }
    },

    async isRunning(handle) {
      const [ray, id] = clientOf(handle);
      try {
        const job = await insisting(() => ray.find(id));
        return isAlive(job) && !(job?.status === 'PENDING' && abandoned.has(id));
      } catch (error) {
        // Nobody knows; `wait` has the patience to find out.
        if (isSilence(error)) return true;
        throw error;
      }
    },

    async stop(handle) {
      const [ray, id] = clientOf(handle);
      await insisting(() => ray.stop(id));
      const began = performance.now();
      for (;;) {
        const job = await insisting(() => ray.find(id));
        if (!isAlive(job)) return;
        const waited = performance.now() - began;
        // Ray stops it in the moment in which it would run; until then it holds nothing.
        if (job?.status === 'PENDING' && waited > PENDING_STOP_MS) {
          abandoned.add(id);
          return;
        }
        if (waited > STOP_MS) {
          throw new TrainingError(
            'ray-not-stopped',
            `The Ray cluster has not stopped the job ${id} within a minute. Stop it on the cluster's dashboard.`,
          );
        }
        await sleep(Math.min(pollMs, 500));
      }
    },
  };
}

/** For people who look at the dashboard: job, step and file; unique among relays by the whole path. */
function submissionId({ jobFile }: StepCommand, attempt: number): string {
  const name = jobFile
    .split(sep)
    .slice(-3)
    .join('-')
    .replace(/\.json$/u, '');
  const path = createHash('sha256').update(jobFile).digest('hex').slice(0, 8);
  return `forelabel-${name.replaceAll(/[^A-Za-z0-9-]+/gu, '-').slice(-80)}-${path}-${attempt}`;
}

/** A few quick tries, for what somebody waits for. */
const insisting = <T>(work: () => Promise<T>): Promise<T> =>
  pRetry(work, {
    retries: 3,
    minTimeout: 500,
    shouldRetry: ({ error }) => isSilence(error),
  });

interface Patience {
  readonly signal: AbortSignal;
  readonly pollMs: number;
  readonly patienceMs: number;
  /** Told when the cluster falls silent and when it is back. */
  readonly say: (words: string) => Promise<void>;
}

/** Many tries, further and further apart: a head that restarts must not cost a training that goes on. */
async function patiently<T>(
  work: () => Promise<T>,
  { signal, pollMs, patienceMs, say }: Patience,
): Promise<T> {
  let silentSince: number | null = null;
  for (let pause = pollMs; ; pause = Math.min(pause * 2, MAX_POLL_MS)) {
    signal.throwIfAborted();
    try {
      const result = await work();
      if (silentSince !== null) await say('The Ray cluster answers again.');
      return result;
    } catch (error) {
      if (!isSilence(error)) throw error;
      if (silentSince === null) {
        silentSince = performance.now();
        await say(`${error.message} Asking again for ${Math.ceil(patienceMs / 60_000)} min.`);
      }
      if (performance.now() - silentSince > patienceMs) throw error;
    }
    await sleep(pause, undefined, { signal });
  }
}

/** Whether all there is to know is in Ray's own log: the step has no log, or not its own end. */
const neverRan = (job: RayJob): boolean =>
  job.status === 'FAILED' && (job.driver_exit_code === null || isUnfitNode(job));

async function rayWords(ray: RayClient, id: string, { message }: RayJob): Promise<string> {
  // Ray's own log lies on the node, which may be what is gone.
  const logs = await ray.logs(id).catch(() => '');
  return `Ray about the job ${id}: ${message}\n${logs.trim()}`;
}
