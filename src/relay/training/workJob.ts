import { mkdir } from 'node:fs/promises';
import { TrainingError } from './contracts.ts';
import { JobFolder } from './jobFolder.ts';
import { InterruptedError, JobLeftError, JobRun, type WorkTools } from './jobRun.ts';
import { workingStates, type JobRecord, type WorkingState } from './jobRow.ts';
import { activeStates, endedStates } from './jobStore.ts';
import { stages } from './stages.ts';

/**
 * Works on one job until it has ended, or `signal` aborts because this process ends or has lost the job. Never
 * rejects for what the job itself does wrong: that becomes its state and its error.
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
  const { job, stage } = run.record;
  await mkdir(run.folder.path, { recursive: true });
  if (job.state === 'queued') {
    const started = job.started ?? new Date().toISOString();
    await run.tell({ state: stage, started, attempts: job.attempts + 1, error: null, progress: null });
  } else if (job.state === 'collecting') {
    await run.countRestart();
  }
}

function working({ record }: { readonly record: JobRecord }): WorkingState | undefined {
  return workingStates.find((state) => state === record.job.state);
}

/**
 * A cancelled job's step is stopped; any other step goes on for the next relay. Collecting happens in this
 * process and ends with it: the job waits again.
 */
async function leave(run: JobRun): Promise<void> {
  const { store, owner } = run.tools;
  const { id } = run.record.job;
  const now = await store.get(id);
  if (now === undefined) return;
  if (now.job.state === 'collecting')
    await store.change(id, ['collecting'], { state: 'queued', progress: null }, owner);
  else if (working({ record: now }) === undefined) await stopStep(run.tools, now);
}

async function end(run: JobRun, thrown: unknown): Promise<void> {
  const { store, owner, changes, log } = run.tools;
  const { id, state } = run.record.job;
  const { code, message } = explain(thrown);
  if (!(thrown instanceof TrainingError)) log.error({ err: thrown, job: id }, 'training job failed');
  const now = await store.get(id);
  if (now?.step) await stopStep(run.tools, now);
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

/** Stops a job's step, wherever it was started, and forgets it. */
export async function stopStep(tools: WorkTools, { job, step }: JobRecord): Promise<void> {
  if (step === null) return;
  const executor = tools.executors[job.executor];
  if (executor) {
    const command = new JobFolder(tools.home, job.id).command(step);
    const handle = step.handle ?? (await executor.find?.(command)) ?? null;
    if (handle !== null) await executor.stop(handle);
  }
  await tools.store.change(job.id, [...activeStates, ...endedStates], { step: null }, tools.owner);
}
