import type { Logger } from 'pino';
import type { RelayEvent } from '../../training/api.ts';
import type { JobState } from '../../training/job.ts';
import type { JobStore } from './jobStore.ts';
import type { Nudge } from './nudge.ts';

/** How often the changes of other processes are looked for, in milliseconds. */
const LOOK_EVERY = 500;

export interface WatcherOptions {
  readonly store: JobStore;
  readonly changes: Nudge;
  /** Whether open pages are to take a new model of this project without asking. */
  readonly takeNewModel: (project: number) => Promise<boolean>;
  readonly log: Logger;
}

/** Tells listeners of every change of a job, whichever process made it, by looking at the database. */
export class Watcher {
  readonly #options: WatcherOptions;
  readonly #listeners = new Set<(event: RelayEvent) => void>();
  readonly #states = new Map<string, JobState>();
  readonly #closing = new AbortController();
  #revision = 0;
  #done: Promise<void> = Promise.resolve();

  private constructor(options: WatcherOptions) {
    this.#options = options;
  }

  static async start(options: WatcherOptions): Promise<Watcher> {
    const watcher = new Watcher(options);
    watcher.#revision = await options.store.revision();
    for (const { job } of await options.store.list()) watcher.#states.set(job.id, job.state);
    watcher.#done = watcher.#watch();
    return watcher;
  }

  subscribe(listener: (event: RelayEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#done;
  }

  async #watch(): Promise<void> {
    const { changes, log } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#look();
      } catch (error) {
        log.warn({ err: error }, 'the training jobs could not be read');
      }
      await changes.wait(LOOK_EVERY, signal);
    }
  }

  async #look(): Promise<void> {
    const { store, takeNewModel } = this.#options;
    const now = await store.revision();
    if (now === this.#revision) return;
    for (const { job, revision } of await store.changedSince(this.#revision)) {
      this.#revision = revision;
      const before = this.#states.get(job.id);
      this.#states.set(job.id, job.state);
      this.#tell({ type: 'job', job });
      if (job.state !== 'done' || before === 'done' || job.model === null) continue;
      const { model: version, project } = job;
      this.#tell({ type: 'model', version, project, take: await takeNewModel(project) });
    }
    // A removed job's last change is in no row.
    this.#revision = Math.max(this.#revision, now);
  }

  #tell(event: RelayEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        // One listener's trouble is not the others'.
        this.#options.log.error({ err: error }, 'a listener of the training jobs failed');
      }
    }
  }
}
