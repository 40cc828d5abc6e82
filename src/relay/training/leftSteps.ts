import { JobFolder } from './jobFolder.ts';
import type { WorkTools } from './jobRun.ts';
import type { JobRecord } from './jobRow.ts';
import { activeStates, endedStates } from './jobStore.ts';
import { pause } from './pause.ts';

/** A process of this machine is gone after 10 s at the latest; for a cluster that is silent nobody waits longer. */
const PATIENCE = 15_000;
/** After the first failure it is tried again this soon, then in twice the time, up to the last; in milliseconds. */
const FIRST_RETRY = 1000;
const LAST_RETRY = 300_000;

interface Failure {
  readonly retry: number;
  /** By `performance.now()`. */
  readonly notBefore: number;
}

/**
 * Stops the steps of jobs that nobody works on: of cancelled and failed ones, and those that a dead relay left.
 * One that cannot be stopped keeps nobody from working; it is tried again.
 */
export class LeftSteps {
  readonly #tools: WorkTools;
  readonly #stopping = new Map<string, Promise<void>>();
  readonly #failures = new Map<string, Failure>();

  constructor(tools: WorkTools) {
    this.#tools = tools;
  }

  /** Whether a step of this job is being stopped. */
  isStopping(id: string): boolean {
    return this.#stopping.has(id);
  }

  /** Begins to stop what is left. One call at a time. */
  async look(): Promise<void> {
    for (const record of await this.#tools.store.leftSteps()) {
      const { id, state } = record.job;
      const failure = this.#failures.get(id);
      // Somebody waits for a job that is resumed.
      const waits = state !== 'queued' && failure !== undefined && performance.now() < failure.notBefore;
      if (this.#stopping.has(id) || waits) continue;
      const stopping = this.#stop(record).finally(() => this.#stopping.delete(id));
      this.#stopping.set(id, stopping);
    }
  }

  /** Stops what is left; resolves when all has stopped that soon stops. */
  async stop(): Promise<void> {
    await this.look();
    if (this.#stopping.size === 0) return;
    const stopped = new AbortController();
    const all = Promise.all(this.#stopping.values()).then(() => stopped.abort());
    await Promise.race([all, pause(PATIENCE, stopped.signal)]);
  }

  /** Never rejects. */
  async #stop(record: JobRecord): Promise<void> {
    const { id } = record.job;
    try {
      await stopStep(this.#tools, record);
      this.#failures.delete(id);
    } catch (error) {
      const before = this.#failures.get(id)?.retry;
      const retry = before === undefined ? FIRST_RETRY : Math.min(2 * before, LAST_RETRY);
      this.#failures.set(id, { retry, notBefore: performance.now() + retry });
      this.#tools.log.warn({ err: error, job: id, retry }, 'the step of a training job was not stopped');
    }
  }
}

/** Stops a job's step, wherever it was started, and forgets it. */
async function stopStep(tools: WorkTools, { job, step }: JobRecord): Promise<void> {
  if (step === null) return;
  const executor = tools.executors[job.executor];
  if (executor) {
    const command = new JobFolder(tools.home, job.id).command(step);
    const handle = step.handle ?? (await executor.find?.(command)) ?? null;
    if (handle !== null) await executor.stop(handle);
  }
  await tools.store.change(job.id, [...activeStates, ...endedStates], { step: null }, tools.owner);
}
