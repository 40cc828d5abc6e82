import type { Evaluated, LossPoint, TrainingEvent } from '../../training/events.ts';
import { isEnded } from '../../training/job.ts';
import { Observable } from '../../ui/observable.ts';
import { problemOf } from '../../ui/problem.ts';
import type { RelayApi } from './relayApi.ts';

/** How often the unfolded log of a running job is read on, in milliseconds. */
const logEvery = 2000;
/** An end that nothing follows for this long is the end: in a resumed job's history there are earlier ones. */
const endsAfter = 2000;
/** Characters of the log that are shown: the end of it. The whole is in the job's folder. */
const logKept = 200_000;

/** What one job tells while somebody looks at it: the points of the plots, and its log. */
export class JobWatch extends Observable {
  readonly id: string;
  losses: readonly LossPoint[] = [];
  /** Of the new model after each epoch. */
  epochs: readonly Evaluated[] = [];
  /** Null until it was unfolded. */
  log: string | null = null;
  logProblem: string | null = null;

  readonly #relay: RelayApi;
  readonly #stopListening: () => void;
  #seen = 0;
  #ending: ReturnType<typeof setTimeout> | undefined;
  #frame = 0;
  #logOpen = false;
  #logNext = 0;
  #logTimer: ReturnType<typeof setTimeout> | undefined;
  /** Nothing more is listened for. */
  stopped = false;

  constructor(relay: RelayApi, id: string) {
    super();
    this.id = id;
    this.#relay = relay;
    this.#stopListening = relay.onJobEvent(id, (event, seq) => this.#take(event, seq));
  }

  stop(): void {
    this.stopped = true;
    this.#stopListening();
    clearTimeout(this.#ending);
    cancelAnimationFrame(this.#frame);
    this.foldLog();
  }

  /** Reads the log and goes on reading while the job runs. */
  unfoldLog(): void {
    this.#logOpen = true;
    clearTimeout(this.#logTimer);
    void this.#readLog();
  }

  foldLog(): void {
    this.#logOpen = false;
    clearTimeout(this.#logTimer);
  }

  #take(event: TrainingEvent, seq: number): void {
    // A connection that was made anew begins at the first event again.
    if (seq <= this.#seen) return;
    this.#seen = seq;
    clearTimeout(this.#ending);
    switch (event.type) {
      case 'loss':
        // A resumed training goes over some steps again: the line is that of the last time.
        this.losses = [...before(this.losses, event.iteration), event];
        break;
      case 'evaluated':
        if (event.of === 'epoch') {
          const { epoch } = event;
          this.epochs = [...this.epochs.filter((each) => (each.epoch ?? 0) < (epoch ?? 0)), event];
        }
        break;
      case 'job':
        if (isEnded(event.job)) this.#ending = setTimeout(() => this.#end(), endsAfter);
        break;
      case 'note':
        // The job carries its notes.
        break;
    }
    // A long history arrives in one go: drawn once.
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.changed();
    });
  }

  #end(): void {
    this.stopped = true;
    this.#stopListening();
  }

  async #readLog(): Promise<void> {
    try {
      let piece;
      do {
        piece = await this.#relay.log(this.id, this.#logNext);
        if (!this.#logOpen) return;
        this.#logNext = piece.next;
        this.log = ((this.log ?? '') + piece.text).slice(-logKept);
      } while (piece.text !== '');
      this.logProblem = null;
    } catch (error) {
      this.logProblem = problemOf(error);
    }
    this.changed();
    if (this.#logOpen && !this.stopped) this.#logTimer = setTimeout(() => void this.#readLog(), logEvery);
  }
}

/** Without the points at or after a step. Steps come in order, so there is rarely anything to leave out. */
function before(points: readonly LossPoint[], iteration: number): readonly LossPoint[] {
  const last = points.at(-1);
  return last === undefined || last.iteration < iteration
    ? points
    : points.filter((point) => point.iteration < iteration);
}
