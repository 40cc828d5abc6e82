import { mkdir, rm } from 'node:fs/promises';
import { InterruptedError, TrainingError } from './contracts.ts';
import { JobLeftError, JobRun, type WorkTools } from './jobRun.ts';
import { workingStates, type JobRecord, type WorkingState } from './jobRow.ts';
import { stages } from './stages.ts';

/**
 * Works on one job until it has ended, or `signal` aborts because this process ends or has lost the job. Never
 * rejects for what the job itself does wrong: that becomes its state and its error. A step that is of no use any
 * more is left in the job's row, for `LeftSteps`; any other step goes on for the next relay.
 */
export async function workJob(tools: WorkTools, record: JobRecord, signal: AbortSignal): Promise<void> {
  const run = new JobRun(tools, record, signal);
  try {
    await begin(run);
    for (let state = working(run); state !== undefined; state = working(run)) {
      signal.throwIfAborted();
      await stages[state](run);
    }
  } catch (error) {
    if (error instanceof JobLeftError || signal.aborted) await leave(run);
    else await end(run, error);
  }
}

/** From the queue, or from where a relay that died left it. */
async function begin(run: JobRun): Promise<void> {
  const { job, stage, step } = run.record;
  await mkdir(run.folder.path, { recursive: true });
  if (job.state === 'queued') {
    if (step !== null) {
      throw new InterruptedError(
        'step-not-stopped',
        'What this job ran before could not be stopped, because the machine that runs it does not answer. ' +
          'Resume the job when it answers again.',
      );
    }
    const started = job.started ?? new Date().toISOString();
    await run.tell({ state: stage, started, attempts: job.attempts + 1, error: null, progress: null });
  } else if (job.state === 'collecting') {
    await run.countRestart();
  }
}

function working({ record }: { readonly record: JobRecord }): WorkingState | undefined {
  return workingStates.find((state) => state === record.job.state);
}

/** Collecting happens in this process and ends with it: the job waits again, or was cancelled. */
async function leave(run: JobRun): Promise<void> {
  const { store, owner } = run.tools;
  const { id } = run.record.job;
  const now = await store.get(id);
  if (now === undefined) return;
  if (now.job.state === 'collecting')
    await store.change(id, ['collecting'], { state: 'queued', progress: null }, owner);
  else if (working({ record: now }) === undefined) await dropHalfCollected(run);
}

/** What a collecting that came to no end has fetched is of no use. */
async function dropHalfCollected({ record: { job }, folder, tools }: JobRun): Promise<void> {
  if (job.state !== 'collecting') return;
  try {
    await rm(folder.dataset, { recursive: true, force: true });
  } catch (error) {
    tools.log.warn({ err: error, job: job.id }, 'a half collected data set was not removed');
  }
}

async function end(run: JobRun, thrown: unknown): Promise<void> {
  const { store, owner, changes, log } = run.tools;
  const { id, state } = run.record.job;
  const { code, message } = explain(thrown);
  if (!(thrown instanceof TrainingError)) log.error({ err: thrown, job: id }, 'training job failed');
  const ended = await store.change(
    id,
    [state],
    {
      state: thrown instanceof InterruptedError ? 'interrupted' : 'failed',
      error: { code, message },
      ended: new Date().toISOString(),
      progress: null,
    },
    owner,
  );
  // Cancelled in the same moment: that is its end then.
  if (ended === undefined) return;
  await dropHalfCollected(run);
  run.emit({ type: 'job', job: ended.job });
  changes.nudge();
}

function explain(thrown: unknown): { readonly code: string; readonly message: string } {
  if (thrown instanceof TrainingError) return thrown;
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return { code: 'disk-full', message: 'The disk is full. Free some space and resume the job.' };
  }
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return {
    code: 'internal',
    message: `Something went wrong inside Forelabel: ${why}. Resume the job; if it happens again, its log and Forelabel's tell more.`,
  };
}
