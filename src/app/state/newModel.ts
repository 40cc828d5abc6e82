import type { Job } from '../../training/job.ts';
import { Observable } from '../../ui/observable.ts';
import { problemOf } from '../../ui/problem.ts';

/** A model that a training has just made for the project that is open. */
export interface Offer {
  readonly version: string;
  /** AP50 on the same validation images, where it was measured. */
  readonly before: number | null;
  readonly after: number | null;
}

/** What the page does about a new model: it is offered, or taken when the project is set to take them. */
export class NewModel extends Observable {
  offer: Offer | null = null;
  /** 'waiting': it will be taken as soon as the run has ended. */
  stage: 'offered' | 'waiting' | 'taken' = 'offered';
  problem: string | null = null;

  readonly #use: (version: string) => Promise<void>;
  readonly #isRunning: () => boolean;

  /** `use` lists the models anew and loads one of them. */
  constructor(use: (version: string) => Promise<void>, isRunning: () => boolean) {
    super();
    this.#use = use;
    this.#isRunning = isRunning;
  }

  arrived(version: string, job: Job | undefined, take: boolean): void {
    this.problem = null;
    this.stage = 'offered';
    this.offer = {
      version,
      before: job?.metrics.base?.AP50 ?? null,
      after: job?.metrics.new?.AP50 ?? null,
    };
    this.changed();
    if (take) void this.take();
  }

  /** Loads the model, now or once the run has ended: results of a run are of one model. */
  async take(): Promise<void> {
    const { offer } = this;
    if (offer === null) return;
    if (this.#isRunning()) {
      this.stage = 'waiting';
      this.changed();
      return;
    }
    try {
      await this.#use(offer.version);
      this.stage = 'taken';
      this.problem = null;
    } catch (error) {
      this.stage = 'offered';
      this.problem = problemOf(error);
    }
    this.changed();
  }

  /** To be called when a run may have ended. */
  runChanged(): void {
    if (this.stage === 'waiting' && !this.#isRunning()) void this.take();
  }

  dismiss(): void {
    this.offer = null;
    this.problem = null;
    this.changed();
  }
}
