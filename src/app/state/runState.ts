import { startRun } from '../../prelabel/run.ts';
import type { Run } from '../../prelabel/run.ts';
import type { PredictionSink, ResultStore, RunProgress, Source } from '../../prelabel/types.ts';
import type { Engine } from '../../engine/types.ts';
import type { ItemResult } from '../../store/types.ts';
import { Observable } from '../../ui/observable.ts';

/** What a run is started with. */
export interface RunPlan {
  readonly source: Source;
  readonly engine: Engine;
  readonly store: ResultStore;
  /** Null: nothing is posted. */
  readonly sink: PredictionSink | null;
  readonly retryFailed: boolean;
}

const ended: ReadonlySet<RunProgress['phase']> = new Set(['done', 'cancelled', 'failed']);

/** The run that the bar shows: the one under way, or the last one. */
export class RunState extends Observable {
  progress: RunProgress | null = null;
  barHidden = false;
  /** Source of the run, which need not be the chosen one any more. */
  sourceId: string | null = null;

  #run: Run | null = null;

  /** A run is under way, paused ones included. */
  get active(): boolean {
    return this.progress !== null && !ended.has(this.progress.phase);
  }

  /** Starts a run, or does nothing while one is under way. `onResult` gets every result once it is stored. */
  start(plan: RunPlan, onResult: (result: ItemResult) => void): void {
    if (this.active) return;
    const { source, engine, store, sink, retryFailed } = plan;
    const run = startRun({ source, engine, store, sink: sink ?? undefined, retryFailed });
    this.#run = run;
    this.sourceId = source.id;
    this.barHidden = false;
    this.progress = run.progress;
    run.onResult(onResult);
    run.subscribe((progress) => this.#show(progress));
    void run.finished.then((progress) => this.#show(progress));
    this.changed();
  }

  pause(): void {
    this.#run?.pause();
  }

  resume(): void {
    this.#run?.resume();
  }

  cancel(): void {
    this.#run?.cancel();
  }

  hideBar(): void {
    this.barHidden = true;
    this.changed();
  }

  #show(progress: RunProgress): void {
    this.progress = progress;
    this.changed();
  }
}
