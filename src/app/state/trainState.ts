import type { RelayEvent, TrainingStatus } from '../../training/api.ts';
import { isEnded } from '../../training/job.ts';
import type { Job, TrainRequestInput } from '../../training/job.ts';
import { JobWatch } from './jobWatch.ts';
import { Observable } from '../../ui/observable.ts';
import { problemOf } from '../../ui/problem.ts';
import { RelayApiError } from './relayApi.ts';
import type { RelayApi } from './relayApi.ts';

/** A model that came into being while the page is open. */
export type NewModelListener = (event: Extract<RelayEvent, { type: 'model' }>) => void;

/** Gives the page's own address and token of Label Studio; null when it has none. */
export type RecallAccess = () => Promise<{ readonly url: string; readonly token: string } | null>;

/** The trainings of the relay that serves this page, and what it needs for one. */
export class TrainState extends Observable {
  /** 'absent': this server has no training. 'offline': it does not answer at the moment. */
  availability: 'unknown' | 'ready' | 'absent' | 'offline' = 'unknown';
  status: TrainingStatus | null = null;
  /** Newest first. */
  jobs: readonly Job[] = [];
  /** Of the job that is looked at. */
  watch: JobWatch | null = null;
  /** What did not work, in words. */
  problem: string | null = null;
  /** A request of the user's is under way. */
  busy = false;

  readonly #relay: RelayApi;
  readonly #recall: RecallAccess;
  readonly #onModel: NewModelListener;
  #stopWatch: () => void = () => undefined;
  #listening = false;

  constructor(relay: RelayApi, recall: RecallAccess, onModel: NewModelListener) {
    super();
    this.#relay = relay;
    this.#recall = recall;
    this.#onModel = onModel;
  }

  /** Looks whether the server trains, reads the list of trainings, and stays informed from then on. */
  async start(): Promise<void> {
    try {
      this.status = await this.#relay.status();
      this.jobs = await this.#relay.jobs();
      this.availability = 'ready';
      this.#listen();
    } catch (error) {
      this.availability = error instanceof RelayApiError && error.code === 'absent' ? 'absent' : 'offline';
      this.problem = this.availability === 'absent' ? null : problemOf(error);
    }
    this.changed();
  }

  find(id: string): Job | undefined {
    return this.jobs.find((job) => job.id === id);
  }

  /** Looks at one job, or at none. */
  look(id: string | null): void {
    const wanted = id === null ? undefined : this.find(id);
    // A job that goes on after it had ended is listened to anew.
    const same = this.watch?.id === wanted?.id && !(this.watch?.stopped === true && !isEndedOr(wanted));
    if (same) return;
    this.watch?.stop();
    this.#stopWatch();
    this.watch = null;
    if (wanted !== undefined) {
      this.watch = new JobWatch(this.#relay, wanted.id);
      this.#stopWatch = this.watch.subscribe(() => this.changed());
    }
    this.changed();
  }

  /** Gives the relay Label Studio's address and token, unless it has them. Throws in words. */
  async handOver(url: string): Promise<void> {
    const known = this.status?.labelStudio;
    if (known?.hasToken === true && known.url === url) return;
    const access = await this.#recall();
    if (access === null) {
      throw new Error(
        'This tab holds no token any more. Connect Label Studio again under Source, then train.',
      );
    }
    const labelStudio = await this.#relay.handOver({ url: access.url, token: access.token });
    if (this.status !== null) this.status = { ...this.status, labelStudio };
    this.changed();
  }

  /** Has the relay forget its token: it cannot collect, train or predict for Label Studio without. Throws in words. */
  async forgetAccess(): Promise<void> {
    await this.#relay.forgetAccess();
    if (this.status !== null) this.status = { ...this.status, labelStudio: { url: null, hasToken: false } };
    this.changed();
  }

  /** Starts a training in the Label Studio at `url`. Null: it did not start, and `problem` says why. */
  train(url: string, request: TrainRequestInput): Promise<Job | null> {
    return this.#asked(async () => {
      await this.handOver(url);
      return this.#put(await this.#relay.start(request));
    });
  }

  cancel(id: string): Promise<Job | null> {
    return this.#asked(async () => this.#put(await this.#relay.cancel(id)));
  }

  resume(id: string): Promise<Job | null> {
    return this.#asked(async () => this.#put(await this.#relay.resume(id)));
  }

  /** True: it is gone. */
  async remove(id: string): Promise<boolean> {
    const done = await this.#asked(async () => {
      await this.#relay.remove(id);
      this.jobs = this.jobs.filter((job) => job.id !== id);
      return true;
    });
    return done ?? false;
  }

  clearProblem(): void {
    if (this.problem === null) return;
    this.problem = null;
    this.changed();
  }

  async #asked<T>(work: () => Promise<T>): Promise<T | null> {
    this.busy = true;
    this.problem = null;
    this.changed();
    try {
      return await work();
    } catch (error) {
      this.problem = problemOf(error);
      return null;
    } finally {
      this.busy = false;
      this.changed();
    }
  }

  #put(job: Job): Job {
    const known = this.jobs.some(({ id }) => id === job.id);
    this.jobs = known
      ? this.jobs.map((each) => (each.id === job.id ? job : each))
      : [job, ...this.jobs].sort((a, b) => (a.id < b.id ? 1 : -1));
    if (this.watch?.id === job.id) this.look(job.id);
    this.changed();
    return job;
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#relay.onRelayEvent(
      (event) => {
        if (event.type === 'job') this.#put(event.job);
        else this.#onModel(event);
      },
      // What happened while nothing was heard.
      () => void this.#readAgain(),
    );
  }

  async #readAgain(): Promise<void> {
    try {
      this.jobs = await this.#relay.jobs();
      this.availability = 'ready';
      if (this.watch !== null) this.look(this.watch.id);
      this.changed();
    } catch {
      // The next connection reads again.
    }
  }
}

const isEndedOr = (job: Job | undefined): boolean => job === undefined || isEnded(job);
