/** A training in words. */
import { isEnded } from '../../training/job.ts';
import type { Job, JobState, Metrics, Preset } from '../../training/job.ts';
import { count, duration, rate } from '../../ui/wording.ts';

export const stateNames: Readonly<Record<JobState, string>> = {
  queued: 'Waiting',
  collecting: 'Collecting',
  training: 'Training',
  evaluating: 'Comparing',
  exporting: 'Exporting',
  done: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
  interrupted: 'Interrupted',
};

export const presetNames: Readonly<Record<Preset, string>> = {
  default: 'Default',
  quick: 'Quick',
  thorough: 'Thorough',
};

/** COCO's numbers that are compared, explained. */
export const metricMeanings: readonly (readonly [string, string, string])[] = [
  ['AP', 'AP', 'Average precision over overlaps from 50% to 95% (COCO mAP); 1 is perfect'],
  ['AP50', 'AP50', 'Average precision where half an overlap counts as found; 1 is perfect'],
  ['AP75', 'AP75', 'Average precision where three quarters of an overlap count as found; 1 is perfect'],
  ['APs', 'Small', 'AP of boxes below 32 × 32 pixels'],
  ['APm', 'Medium', 'AP of boxes from 32 × 32 to 96 × 96 pixels'],
  ['APl', 'Large', 'AP of boxes above 96 × 96 pixels'],
];

/** A metric of 0..1; null where it was not measured (COCO says -1 when no box is of that size). */
export function metric(metrics: Metrics | null, name: string): number | null {
  const value = metrics?.[name];
  return value === undefined || value < 0 ? null : value;
}

/** '0.45', '–' */
export function metricText(value: number | null): string {
  return value === null ? '–' : value.toFixed(2);
}

/** The trainer is being installed, which happens once: the installer's own words for its steps. */
export function isInstalling(job: Job): boolean {
  const { progress } = job;
  return (
    !isEnded(job) &&
    progress !== null &&
    /install|virtual environment|trying the trainer/iu.test(progress.step)
  );
}

/** 'Collecting 12 of 40 images', 'Training epoch 3 of 5' */
export function jobLine(job: Job): string {
  const { state, progress } = job;
  if (isInstalling(job)) return progress?.step ?? '';
  const counted = progressPart(job) !== null && progress !== null;
  switch (state) {
    case 'queued':
      return 'Waiting for its turn';
    case 'collecting':
      return counted
        ? `Collecting ${count(progress.done)} of ${count(progress.total)} images`
        : 'Collecting images';
    case 'training':
      return progress?.epoch === undefined || progress.epochs === undefined
        ? 'Training'
        : `Training epoch ${count(progress.epoch)} of ${count(progress.epochs)}`;
    case 'evaluating':
      return 'Comparing the old and the new model';
    case 'exporting':
      return 'Exporting the new model';
    default:
      return stateNames[state];
  }
}

/** 'Fetching images · 2.1/s · 3 min left'; '' for a job that waits or has ended. */
export function progressLine(job: Job): string {
  const { progress, state } = job;
  if (progress === null || isEnded(job) || state === 'queued') return '';
  const installing = isInstalling(job);
  // 'Training epoch 3 of 5' says 'Training' already.
  const parts = jobLine(job).startsWith(progress.step) ? [] : [progress.step];
  if (progressPart(job) !== null && state !== 'exporting') {
    const unit = state === 'training' || installing ? ' steps' : '';
    if (state !== 'collecting' || installing) {
      parts.push(`${count(progress.done)} of ${count(progress.total)}${unit}`);
    }
    const left = progress.total - progress.done;
    if (progress.secondsLeft !== null && progress.secondsLeft > 0 && left > 0) {
      parts.push(rate(left / progress.secondsLeft));
    }
  }
  if (progress.secondsLeft !== null && progress.secondsLeft > 0) {
    parts.push(`${duration(progress.secondsLeft)} left`);
  }
  return parts.join(' · ');
}

/** How far a job has come within its state, 0..1; null where that is not known: one thing of one says nothing. */
export function progressPart({ progress }: Pick<Job, 'progress'>): number | null {
  return progress === null || progress.total <= 1 ? null : Math.min(1, progress.done / progress.total);
}

/** 'AP50 0.45 → 0.78', 'AP50 0.78'; '' where nothing was measured. */
export function gain(before: number | null, after: number | null): string {
  if (after === null) return '';
  return before === null ? `AP50 ${metricText(after)}` : `AP50 ${metricText(before)} → ${metricText(after)}`;
}
