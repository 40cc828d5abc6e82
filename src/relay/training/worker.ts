import { clearLostFolders, clearOldFolders } from './housekeeping.ts';
import { JobLeftError, type WorkTools } from './jobRun.ts';
import type { JobRecord } from './jobRow.ts';
import { activeStates } from './jobStore.ts';
import type { Lease } from './lease.ts';
import { LeftSteps } from './leftSteps.ts';
import { pause } from './pause.ts';
import { workJob } from './workJob.ts';

/** How often a worker looks for work that another process has made, and for cancels, in milliseconds. */
const LOOK_EVERY = 500;
/** How often one that does not have the lease tries to get it, and how often its owner confirms it. */
const LEASE_EVERY = 1000;

/** Works the queue, one job at a time, while this process has the lease. */
export class Worker {
  readonly #tools: WorkTools;
  readonly #lease: Lease;
  readonly #keep: number;
  readonly #left: LeftSteps;
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;
  #current: { readonly id: string; readonly ended: Promise<void> } | undefined;

  /** @param keep of how many ended jobs data set and checkpoints are kept */
  constructor(tools: WorkTools, lease: Lease, keep: number) {
    this.#tools = tools;
    this.#lease = lease;
    this.#keep = keep;
    this.#left = new LeftSteps(tools);
    this.#done = this.#work();
  }

  /** Resolves when this process no longer works on the job. */
  async left(id: string): Promise<void> {
    if (this.#current?.id === id) await this.#current.ended;
  }

  /** Ends work, lets running steps run, and gives the lease back. */
  async close(): Promise<void> {
    this.#closing.abort(new JobLeftError('Forelabel ends.'));
    await this.#done;
  }

  async #work(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        if (await this.#lease.take()) await this.#whileOwner(signal);
      } catch (error) {
        // The database may be busy or the disk full: the jobs wait until it works again.
        this.#tools.log.error({ err: error }, 'the training queue stopped; trying again');
      }
      await this.#tools.changes.wait(LEASE_EVERY, signal);
    }
    await this.#lease.release().catch((error: unknown) => {
      this.#tools.log.warn({ err: error }, 'the lease of the training queue was not given back; it expires');
    });
  }

  async #whileOwner(closing: AbortSignal): Promise<void> {
    const { store, home, changes } = this.#tools;
    const lost = new AbortController();
    const beating = this.#beat(lost, closing);
    const signal = AbortSignal.any([closing, lost.signal]);
    try {
      await clearLostFolders(home, store);
      while (!signal.aborted) {
        await this.#left.stop();
        await clearOldFolders(home, store, this.#keep);
        const record = await store.next();
        if (record === undefined || this.#left.isStopping(record.job.id))
          await changes.wait(LOOK_EVERY, signal);
        else await this.#workOn(record, signal);
      }
    } finally {
      lost.abort(new JobLeftError('The queue is left.'));
      await beating;
    }
  }

  async #workOn(record: JobRecord, owning: AbortSignal): Promise<void> {
    const taken = new AbortController();
    const over = new AbortController();
    const signal = AbortSignal.any([owning, taken.signal]);
    const working = workJob(this.#tools, record, signal).finally(() => over.abort());
    const watching = this.#watch(record.job.id, taken, over.signal);
    const ended = Promise.all([working, watching]).then(() => this.#left.stop());
    // Who asks must not fail with what the loop above is told anyway.
    this.#current = { id: record.job.id, ended: ended.catch(() => undefined) };
    try {
      await ended;
    } finally {
      this.#current = undefined;
      await watching;
    }
  }

  /** A cancel is a change of the row, by whatever process: seen here, and other jobs' steps that are to be stopped. */
  async #watch(id: string, taken: AbortController, over: AbortSignal): Promise<void> {
    const { store, changes, log } = this.#tools;
    while (!over.aborted) {
      try {
        const now = await store.get(id);
        const active = now !== undefined && activeStates.includes(now.job.state);
        if (!active) taken.abort(new JobLeftError(`Job ${id} is ${now?.job.state ?? 'removed'}.`));
        await this.#left.look();
      } catch (error) {
        log.warn({ err: error }, 'the states of the training jobs could not be read');
      }
      await changes.wait(LOOK_EVERY, over);
    }
  }

  async #beat(lost: AbortController, closing: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([lost.signal, closing]);
    while (!signal.aborted) {
      try {
        if (!(await this.#lease.beat())) lost.abort(new JobLeftError('Another process works the queue.'));
      } catch (error) {
        this.#tools.log.warn({ err: error }, 'the lease of the training queue could not be confirmed');
      }
      await pause(LEASE_EVERY, signal);
    }
  }
}
