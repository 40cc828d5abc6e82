import type { TrainingService } from '../relay/training/contracts.ts';
import type { TrainingEvent } from '../training/events.ts';
import { isEnded, type Job, type JobState, type Metrics } from '../training/job.ts';
import { duration } from './progressLine.ts';
import type { StatusLine } from './statusLine.ts';

/** Shows a job on the terminal until it has ended, or `signal` aborts. Returns it as it is then. */
export async function watchJob(
  training: TrainingService,
  id: string,
  line: StatusLine,
  signal: AbortSignal,
): Promise<Job | undefined> {
  const watch = new JobLines(line);
  for await (const { event } of training.events(id, 0, signal)) watch.take(event);
  line.clear();
  return training.get(id);
}

const working: Readonly<Partial<Record<JobState, string>>> = {
  queued: 'Waiting for its turn',
  collecting: 'Fetching annotations and images',
  training: 'Training',
  evaluating: 'Measuring the old and the new model',
  exporting: 'Exporting the model',
};

/** Turns events into lines: what stays is said once, what passes is shown. */
export class JobLines {
  readonly #line: StatusLine;
  #state: JobState | null = null;
  #dataset = false;

  constructor(line: StatusLine) {
    this.#line = line;
  }

  take(event: TrainingEvent): void {
    switch (event.type) {
      case 'job':
        this.#job(event.job);
        return;
      case 'loss': {
        const { epoch, epochs, iteration, iterations, loss, secondsLeft } = event;
        const parts = [`epoch ${epoch} of ${epochs}`, `iteration ${iteration} of ${iterations}`];
        if (loss !== null) parts.push(`loss ${loss.toFixed(3)}`);
        if (secondsLeft !== null) parts.push(`${duration(secondsLeft)} left`);
        this.#line.show(`epoch ${epoch}`, `Training: ${parts.join(', ')}`);
        return;
      }
      case 'evaluated':
        // Of base and new model the job itself tells, side by side.
        if (event.of === 'epoch')
          this.#line.say(`After epoch ${event.epoch ?? '?'}: ${metricsText(event.metrics)}`);
        return;
      case 'note':
        this.#line.say(event.message);
        return;
    }
  }

  #job(job: Job): void {
    const { state, progress, dataset } = job;
    if (dataset !== null && !this.#dataset) {
      this.#dataset = true;
      const { tasks, boxes, val, classes } = dataset;
      this.#line.say(
        `${tasks} annotated tasks with ${boxes} boxes (${classes.map(({ name }) => name).join(', ')}), ${val} of them to measure with`,
      );
    }
    const words = working[state];
    if (words === undefined || isEnded(job)) return;
    if (state !== this.#state) this.#line.show(state, words);
    this.#state = state;
    // While it trains, the losses say more.
    if (progress === null || (state === 'training' && progress.epoch !== undefined)) return;
    const { step, done, total, secondsLeft } = progress;
    const parts = [total > 0 ? `${step}: ${done} of ${total}` : step];
    if (secondsLeft !== null) parts.push(`${duration(secondsLeft)} left`);
    this.#line.show(step, parts.join(', '));
  }
}

/** 'AP50 0.61, AP 0.34'. */
export function metricsText(metrics: Metrics): string {
  const shown = ['AP50', 'AP'].flatMap((name) => {
    const value = metrics[name];
    return value === undefined ? [] : [`${name} ${value.toFixed(2)}`];
  });
  return shown.length === 0 ? 'no metrics' : shown.join(', ');
}
