import { isEnded } from '../../training/job.ts';
import { count } from '../../ui/wording.ts';
import type { AppState } from './appState.ts';
import type { Step } from './route.ts';

/** What the line of steps says about one of them. */
export interface StepState {
  readonly done: boolean;
  /** Something is missing or wrong here, and the run cannot start. */
  readonly attention: boolean;
  /** A few characters beside the name, '' for nothing. */
  readonly note: string;
}

const plain: StepState = { done: false, attention: false, note: '' };

/** The state of a step, from the state of the app alone. */
export function stepState(step: Step, app: AppState): StepState {
  switch (step) {
    case 'source':
      return { ...plain, done: app.source.kind !== 'samples' };
    case 'model': {
      const blocked = app.mapping.problem !== null || app.engine.status.kind === 'failed';
      return {
        ...plain,
        attention: blocked,
        done: !blocked && app.source.kind !== 'samples' && app.engine.model !== null,
      };
    }
    case 'preview':
      return plain;
    case 'run': {
      const { progress } = app.run;
      if (progress === null) return plain;
      const passed = progress.done + progress.failed + progress.skipped;
      return {
        done: progress.phase === 'done',
        attention: progress.phase === 'failed',
        note: app.run.active ? `${count(passed)}/${count(progress.total)}` : '',
      };
    }
    case 'review': {
      const done = app.review.doneCount;
      return { ...plain, note: done === 0 ? '' : count(done) };
    }
    case 'train': {
      const running = app.training.jobs.find((job) => !isEnded(job) && job.state !== 'queued');
      const { epoch, epochs } = running?.progress ?? {};
      const known = epoch !== undefined && epochs !== undefined;
      return {
        ...plain,
        note: running === undefined ? '' : known ? `${count(epoch)}/${count(epochs)}` : '…',
      };
    }
  }
}
