import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { forelabelHome } from '../relay/home.ts';
import { labelStudioAccess } from '../relay/labelStudioAccess.ts';
import { createLog } from '../relay/log.ts';
import { readSettings } from '../relay/settings/settings.ts';
import { composeTraining } from '../relay/training/composeTraining.ts';
import type { TrainingService } from '../relay/training/contracts.ts';
import { whoWorks } from '../relay/training/whoWorks.ts';
import { isEnded, type Job } from '../training/job.ts';
import { UsageError, type ExitCode } from './errors.ts';
import { metricsText } from './jobWatch.ts';
import { duration } from './progressLine.ts';
import { readOptions } from './readOptions.ts';
import { StatusLine } from './statusLine.ts';
import { watch } from './watchTraining.ts';

const options = { json: { type: 'boolean', default: false } } as const;
const hint = 'See "forelabel help jobs".';

/** `forelabel jobs`: the trainings, newest first; `cancel`, `resume`, `log` and `watch` for one of them. */
export async function runJobs(args: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = readOptions(args, options, hint);
  const [action, id, ...rest] = positionals;
  const home = forelabelHome();
  if (action === undefined) {
    // Looking makes no database.
    const jobs = hasJobs(home) ? await open(home, false, (training) => training.list()) : [];
    process.stdout.write(values.json ? `${JSON.stringify(jobs, null, 2)}\n` : table(jobs));
    return 0;
  }
  const known = ['cancel', 'resume', 'log', 'watch'];
  if (!known.includes(action) || id === undefined || rest.length > 0) {
    throw new UsageError(`"jobs ${positionals.join(' ')}" is not understood.`, hint);
  }
  const line = new StatusLine(process.stderr);
  const relayWorks = (await whoWorks(home)) === 'another process';
  switch (action) {
    case 'cancel':
      // The one who works on it stops its step; without anybody, that is us.
      await open(home, !relayWorks, async (training) => {
        await training.cancel(id);
        // Time to begin stopping what a dead relay left running; the end of it is waited for on closing.
        if (!relayWorks) await sleep(1500);
      });
      line.say(`Job ${id} is cancelled. "forelabel jobs resume ${id}" goes on from its last checkpoint.`);
      return 0;
    case 'log':
      return open(home, false, (training) => printLog(training, id));
    case 'resume':
      return open(home, !relayWorks, async (training) => {
        const job = await training.resume(id);
        if (!relayWorks) return watch(training, id, home, line);
        line.say('Forelabel goes on with it; "forelabel jobs" shows how far it is.');
        process.stdout.write(`${JSON.stringify({ job: id, state: job.state })}\n`);
        return 0;
      });
    default:
      return open(home, !relayWorks, async (training) => {
        // Throws for one that is not there.
        await training.log(id, 0);
        return watch(training, id, home, line);
      });
  }
}

const hasJobs = (home: string): boolean => existsSync(join(home, 'forelabel.db'));

async function open<T>(
  home: string,
  work: boolean,
  use: (training: TrainingService) => Promise<T>,
): Promise<T> {
  const env = process.env;
  const { values: settings } = await readSettings({ home, env });
  const access = labelStudioAccess({ home, env }).find;
  const training = await composeTraining({ home, settings, access, log: createLog(), work });
  try {
    return await use(training);
  } finally {
    await training.close();
  }
}

async function printLog(training: TrainingService, id: string): Promise<0> {
  let from = 0;
  for (let text = await training.log(id, from); text !== ''; text = await training.log(id, from)) {
    process.stdout.write(text);
    from += Buffer.byteLength(text);
  }
  return 0;
}

/** A line for each job: when, what, how far, and what came of it. */
export function table(jobs: readonly Job[], now: number = Date.now()): string {
  if (jobs.length === 0) return 'No training was started yet: forelabel train --project N\n';
  const rows = jobs.map((job) => [job.id, job.state, `project ${job.project}`, took(job, now), outcome(job)]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function took({ started, ended }: Job, now: number): string {
  if (started === null) return '-';
  const seconds = ((ended === null ? now : Date.parse(ended)) - Date.parse(started)) / 1000;
  return duration(Math.max(0, seconds));
}

function outcome(job: Job): string {
  const { model, metrics, error, progress } = job;
  if (model !== null) return [model, ...(metrics.new === null ? [] : [metricsText(metrics.new)])].join('  ');
  if (error !== null) return error.message.split(/\.\s/u, 1)[0] ?? '';
  if (isEnded(job) || progress === null) return '';
  const { step, done, total, epoch, epochs } = progress;
  if (epoch !== undefined && epochs !== undefined) return `epoch ${epoch} of ${epochs}`;
  return total > 0 ? `${step}: ${done} of ${total}` : step;
}
