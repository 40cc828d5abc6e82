import { appendFileSync } from 'node:fs';
import type { Logger } from 'pino';
import type { TrainingEvent } from '../../training/events.ts';
import type { ExecutorKind, JobNote, JobProgress } from '../../training/job.ts';
import type { Catalog } from '../modelCatalog.ts';
import { InterruptedError, TrainingError, type Collect, type Executor } from './contracts.ts';
import { appendEvent, type Origin } from './eventLog.ts';
import { JobFolder } from './jobFolder.ts';
import type { JobPatch, JobRecord } from './jobRow.ts';
import type { JobStore } from './jobStore.ts';
import type { Nudge } from './nudge.ts';

/** What the worker needs of the rest of the relay. */
export interface WorkTools {
  readonly home: string;
  readonly store: JobStore;
  /** Of the lease under which it works. */
  readonly owner: string;
  readonly changes: Nudge;
  readonly models: () => Promise<Catalog>;
  /** Where new models are registered. */
  readonly modelsFolder: string;
  readonly collect: Collect;
  readonly executors: Readonly<Partial<Record<ExecutorKind, Executor>>>;
  /** Installs MMDetection when it is missing; asked before each step that this machine runs. */
  readonly trainerReady?: (
    onProgress: (progress: Preparation) => void,
    signal: AbortSignal,
  ) => Promise<unknown>;
  readonly freeBytes?: (folder: string) => Promise<number>;
  /** A model was registered. */
  readonly onModel?: (model: { readonly version: string; readonly project: number }) => Promise<void> | void;
  readonly log: Logger;
}

/** What the installer does now, in words, and the step of it; `detail` changes more often. */
export interface Preparation {
  readonly step: string;
  readonly done: number;
  readonly total: number;
  readonly detail: string | null;
}

/** The job is no longer this worker's: cancelled, or the lease has gone to another process. */
export class JobLeftError extends Error {
  override readonly name = 'JobLeftError';
}

/** Progress is written this often at most, in milliseconds; to the job's file more seldom. */
const PROGRESS_EVERY = 500;
const PROGRESS_EVENT_EVERY = 2000;

const NOTES = 50;
/** By itself a step starts this often: a machine that dies of it must not die for ever. */
const RESTARTS = 2;

/** One job while this process works on it: its record as last written, its folder, and its signal. */
export class JobRun {
  readonly tools: WorkTools;
  readonly folder: JobFolder;
  readonly signal: AbortSignal;
  #record: JobRecord;
  #progressAt = -Infinity;
  #progressEventAt = -Infinity;

  constructor(tools: WorkTools, record: JobRecord, signal: AbortSignal) {
    this.tools = tools;
    this.folder = new JobFolder(tools.home, record.job.id);
    this.signal = signal;
    this.#record = record;
  }

  get record(): JobRecord {
    return this.#record;
  }

  get executor(): Executor {
    const { executor: kind } = this.#record.job;
    const executor = this.tools.executors[kind];
    if (executor) return executor;
    throw new TrainingError(
      'executor-unavailable',
      `Trainings cannot run by "${kind}" here. Choose another executor in the settings and start a new training.`,
    );
  }

  /** Throws `JobLeftError` when the job is no longer in the state that this run knows. */
  async change(patch: JobPatch): Promise<void> {
    const { store, owner, changes } = this.tools;
    const { id, state } = this.#record.job;
    const changed = await store.change(id, [state], patch, owner);
    if (changed === undefined) throw new JobLeftError(`Job ${id} is no longer ${state}.`);
    this.#record = changed;
    changes.nudge();
  }

  /** A change that everybody who watches the job is told of. */
  async tell(patch: JobPatch): Promise<void> {
    await this.change(patch);
    this.emit({ type: 'job', job: this.#record.job });
  }

  emit(event: TrainingEvent, from?: Origin): void {
    appendEvent(this.folder.events, event, from);
    this.tools.changes.nudge();
  }

  /** Adds notes that the job does not have yet. */
  async note(...notes: readonly JobNote[]): Promise<void> {
    const known = this.#record.job.notes;
    const fresh = notes.filter(
      ({ code, message }) => !known.some((n) => n.code === code && n.message === message),
    );
    if (fresh.length > 0 && known.length < NOTES) await this.change({ notes: [...known, ...fresh] });
  }

  /** Often called, seldom written. */
  async progress(progress: JobProgress): Promise<void> {
    const now = performance.now();
    const another = progress.step !== this.#record.job.progress?.step;
    if (!another && now - this.#progressAt < PROGRESS_EVERY) return;
    this.#progressAt = now;
    await this.change({ progress });
    if (!another && now - this.#progressEventAt < PROGRESS_EVENT_EVERY) return;
    this.#progressEventAt = now;
    this.emit({ type: 'job', job: this.#record.job });
  }

  /** Resolves when this machine has MMDetection; a cluster brings its own. */
  async trainerReady(): Promise<void> {
    const { trainerReady } = this.tools;
    if (trainerReady === undefined || this.#record.job.executor === 'ray') return;
    let telling = Promise.resolve();
    await trainerReady(({ step, done, total, detail }) => {
      appendFileSync(this.folder.log, `${detail ?? step}\n`);
      telling = telling.then(() => this.progress({ step, done, total, secondsLeft: null }));
      // Its failure is that of `await telling` below.
      telling.catch(() => undefined);
    }, this.signal);
    await telling;
    this.signal.throwIfAborted();
  }

  /** Before something is started again that an earlier relay had begun. Throws `InterruptedError` at the third time. */
  async countRestart(): Promise<void> {
    const { restarts, job } = this.#record;
    if (restarts >= RESTARTS) {
      throw new InterruptedError(
        'restarted-too-often',
        `Forelabel was ended in the middle of this job ${restarts + 1} times, so it was not started once more by itself. ` +
          'See whether the machine runs out of memory, then resume the job.',
      );
    }
    await this.change({ restarts: restarts + 1, attempts: job.attempts + 1 });
  }
}
