import type { Logger } from 'pino';
import { isEnded } from '../../training/job.ts';
import type { ProjectSettingsStore } from '../projectSettings/projectSettingsTable.ts';
import type { TrainingService } from '../training/contracts.ts';
import { whyOf } from './detectTasks.ts';

/** Nobody annotates for so long: the annotator pauses, or a bulk action is through. */
const quietMs = 10_000;
/** Several annotators are never quiet together: from this long after the Nth annotation on, nobody is waited for. */
const longestMs = 120_000;

/** Calls back after a time unless cancelled; tests have their own. */
export type SetTimer = (callback: () => void, ms: number) => () => void;

export interface AutoTrainingOptions {
  readonly settings: ProjectSettingsStore;
  readonly training: Pick<TrainingService, 'start' | 'list' | 'subscribe'>;
  readonly log: Logger;
  readonly setTimer?: SetTimer;
  /** Milliseconds; default: `performance.now`. */
  readonly now?: () => number;
}

/**
 * Trains a project by itself after every N new or changed annotations, where its settings say so. One job a project at
 * a time: what comes in meanwhile counts towards the next one.
 */
export class AutoTraining {
  readonly #options: AutoTrainingOptions;
  readonly #setTimer: SetTimer;
  readonly #now: () => number;
  /** By project: ends the timer. */
  readonly #timers = new Map<number, () => void>();
  /** By project: since when a training has been waiting for quiet. */
  readonly #dueSince = new Map<number, number>();
  /** By project: the job that has read the annotations last. */
  readonly #collected = new Map<number, string>();
  readonly #unsubscribe: () => void;
  /** Work after the answers, one piece after the other. */
  #tail: Promise<void> = Promise.resolve();

  constructor(options: AutoTrainingOptions) {
    this.#options = options;
    this.#setTimer = options.setTimer ?? systemTimer;
    this.#now = options.now ?? (() => performance.now());
    this.#unsubscribe = options.training.subscribe((event) => {
      if (event.type !== 'job') return;
      const { id, project, state } = event.job;
      // From here on it reads the annotations: those before are in it.
      if (state === 'collecting' && this.#collected.get(project) !== id) {
        this.#collected.set(project, id);
        this.#later(() => options.settings.resetCount(project));
      }
      if (isEnded(event.job)) this.#later(() => this.#armIfDue(project));
    });
    // Counted before the relay was started anew.
    this.#later(async () => {
      for (const project of await options.settings.due()) this.#arm(project);
    });
  }

  /** Counts after the caller has answered; never throws. */
  annotated(project: number, annotations: number): void {
    if (annotations === 0) return;
    this.#later(async () => {
      const { trainEvery, annotations: counted } = await this.#options.settings.count(project, annotations);
      if (trainEvery > 0 && counted >= trainEvery) this.#arm(project);
    });
  }

  /** A training of the project is queued: counting begins anew. */
  started(project: number): void {
    this.#later(() => this.#options.settings.resetCount(project));
  }

  /** Resolves when everything that was told so far is counted. */
  async idle(): Promise<void> {
    await this.#tail;
  }

  close(): void {
    this.#unsubscribe();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#dueSince.clear();
  }

  /** Starts when it is quiet; each event begins the wait anew, up to a limit. */
  #arm(project: number): void {
    this.#timers.get(project)?.();
    const since = this.#dueSince.get(project) ?? this.#now();
    this.#dueSince.set(project, since);
    const wait = Math.max(0, Math.min(quietMs, since + longestMs - this.#now()));
    const cancel = this.#setTimer(() => {
      this.#timers.delete(project);
      this.#dueSince.delete(project);
      this.#later(() => this.#start(project));
    }, wait);
    this.#timers.set(project, cancel);
  }

  async #armIfDue(project: number): Promise<void> {
    const { trainEvery, annotations } = await this.#options.settings.get(project);
    if (trainEvery > 0 && annotations >= trainEvery) this.#arm(project);
  }

  async #start(project: number): Promise<void> {
    const { settings, training, log } = this.#options;
    const { trainEvery, annotations } = await settings.get(project);
    if (trainEvery === 0 || annotations < trainEvery) return;
    // The end of the running one comes back to this.
    if ((await training.list()).some((job) => job.project === project && !isEnded(job))) return;
    const job = await training.start({ project }, 'automatic');
    await settings.resetCount(project);
    log.info({ project, job: job.id, annotations }, 'training by itself');
  }

  #later(work: () => Promise<void>): void {
    this.#tail = this.#tail
      .then(() => new Promise<void>((resolve) => setImmediate(resolve)))
      .then(work)
      .catch((error: unknown) => {
        this.#options.log.warn(whyOf(error), 'automatic training');
      });
  }
}

const systemTimer: SetTimer = (callback, ms) => {
  const timer = setTimeout(callback, ms);
  // Waiting for the next training keeps no process alive.
  timer.unref();
  return () => clearTimeout(timer);
};
