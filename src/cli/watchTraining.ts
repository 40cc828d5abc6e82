import { join } from 'node:path';
import { ownModelsFolder } from '../relay/training/composeTraining.ts';
import type { TrainingService } from '../relay/training/contracts.ts';
import { whoWorks } from '../relay/training/whoWorks.ts';
import type { Job } from '../training/job.ts';
import type { ExitCode } from './errors.ts';
import { metricsText, watchJob } from './jobWatch.ts';
import type { StatusLine } from './statusLine.ts';

/**
 * Watches a training until it has ended: progress on stderr, the outcome as one line of JSON on stdout. Ctrl+C
 * cancels it where this process works on it, and only stops watching where another one does.
 */
export async function watch(
  training: TrainingService,
  id: string,
  home: string,
  line: StatusLine,
): Promise<ExitCode> {
  const stop = new AbortController();
  let interrupted = false;
  const interrupt = () => {
    if (interrupted) process.exit(130);
    interrupted = true;
    void onInterrupt(training, id, home, line, stop);
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    const job = await watchJob(training, id, line, stop.signal);
    return conclude(job, id, home, line, interrupted);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** Ours to work on: ours to end. A relay's goes on. */
async function onInterrupt(
  training: TrainingService,
  id: string,
  home: string,
  line: StatusLine,
  stop: AbortController,
): Promise<void> {
  try {
    if ((await whoWorks(home)) === 'another process') {
      line.say(`No longer watching. Forelabel goes on with it; "forelabel jobs cancel ${id}" stops it.`);
    } else {
      line.say('Cancelling. Ctrl+C again leaves at once.');
      await training.cancel(id);
      line.say(`Cancelled. "forelabel jobs resume ${id}" goes on from its last checkpoint.`);
    }
  } catch (error) {
    line.say(error instanceof Error ? error.message : String(error));
  }
  stop.abort();
}

function conclude(
  job: Job | undefined,
  id: string,
  home: string,
  line: StatusLine,
  interrupted: boolean,
): ExitCode {
  if (job?.state === 'done' && job.model !== null) {
    const { base, new: after } = job.metrics;
    if (after !== null) {
      line.say(`Before: ${base === null ? 'not measured' : metricsText(base)}. Now: ${metricsText(after)}.`);
    }
    const dir = join(ownModelsFolder(home), job.model);
    line.say(`${job.model} is in ${dir}`);
    process.stdout.write(`${JSON.stringify({ model: job.model, dir, metrics: job.metrics })}\n`);
    return 0;
  }
  if (interrupted) return 130;
  if (job === undefined) line.say(`Job ${id} was removed.`);
  else if (job.error !== null) line.say(job.error.message);
  else line.say(`Job ${id} is ${job.state}.`);
  if (job?.state === 'interrupted' || job?.state === 'failed') {
    line.say(
      `"forelabel jobs log ${id}" shows more, "forelabel jobs resume ${id}" goes on from where it was.`,
    );
  }
  return 1;
}
