import { mkdir, readFile, writeFile } from 'node:fs/promises';
import {
  InterruptedError,
  TrainingError,
  type StepCommand,
  type StepEnd,
  type StepHandle,
} from './contracts.ts';
import { passedOn } from './eventLog.ts';
import { JobLeftError, type JobRun } from './jobRun.ts';
import { newestAttempt } from './jobResults.ts';
import type { StepName } from './jobRow.ts';
import { FileTail } from './lineTail.ts';
import { Pace } from './pace.ts';
import { pause } from './pause.ts';
import { parseTrainerEvent, readFinal, stepTitle, translate, type StepFinal } from './trainerEvents.ts';

/** How often the events of a running step are read, in milliseconds. */
const LOOK_EVERY = 250;

/** The fields of a job file (src/trainer/forelabel_trainer/job.py). */
export type TrainerJob = Readonly<Record<string, unknown>> & { readonly kind: string };

/**
 * One step of a job to its end: found finished, found running, or started. Returns its `finished` event.
 * Throws `TrainingError` with the trainer's own words, `InterruptedError` when it died without one, and
 * `JobLeftError` when the job was taken from us; then the step is left as it is.
 *
 * @param jobFor the job file; `again` tells that an earlier attempt may have left something to go on from
 */
export async function runStep(
  run: JobRun,
  name: StepName,
  jobFor: (again: boolean) => Promise<TrainerJob>,
): Promise<StepFinal> {
  const { folder } = run;
  const begun = run.record.step?.name === name ? run.record.step : null;
  const newest = await newestAttempt(folder, name);
  if (begun === null) {
    const final =
      newest > 0 ? await readFinal(folder.command({ name, attempt: newest }).eventsFile) : undefined;
    if (final?.event === 'finished') return final;
  } else {
    const found = await takeUp(run, name, folder.command(begun), begun.handle, begun.attempt);
    if (found !== undefined) return found;
    await run.countRestart();
  }
  const attempt = Math.max(newest, begun?.attempt ?? 0) + 1;
  const command = folder.command({ name, attempt });
  await mkdir(folder.step(name), { recursive: true });
  await run.trainerReady();
  await writeFile(command.jobFile, `${JSON.stringify(await jobFor(attempt > 1), null, 2)}\n`);
  await run.tell({
    step: { name, attempt, handle: null },
    progress: { step: stepTitle(name), done: 0, total: 1, secondsLeft: null },
  });
  const handle = await run.executor.start(command);
  return await watch(run, name, command, handle, attempt);
}

/** The step of a relay that died: goes on waiting for it, or reads its last word. Undefined: it died too. */
async function takeUp(
  run: JobRun,
  name: StepName,
  command: StepCommand,
  known: StepHandle | null,
  attempt: number,
): Promise<StepFinal | undefined> {
  const { executor } = run;
  const handle = known ?? (await executor.find?.(command)) ?? null;
  if (handle !== null && (await executor.isRunning(handle)))
    return watch(run, name, command, handle, attempt);
  await new StepEvents(run, name, command.eventsFile, await offset(run, command)).pass();
  const final = await lastWord(command);
  if (final !== undefined) return closed(run, final);
  // It returns at once; a cluster knows by it why the step did not run.
  if (handle !== null) await executor.wait(handle, command, run.signal);
  return undefined;
}

/** A `cancelled` is none: nobody who asked for it waits here, so the step was ended by others. */
async function lastWord({ eventsFile }: StepCommand): Promise<StepFinal | undefined> {
  const final = await readFinal(eventsFile);
  return final?.event === 'cancelled' ? undefined : final;
}

async function watch(
  run: JobRun,
  name: StepName,
  command: StepCommand,
  handle: StepHandle,
  attempt: number,
): Promise<StepFinal> {
  const { executor, signal } = run;
  try {
    await run.change({ step: { name, attempt, handle } });
  } catch (error) {
    // Cancelled in the moment of its start: nobody else knows of this process.
    if (error instanceof JobLeftError && !(await stillWorked(run))) await executor.stop(handle);
    throw error;
  }
  const events = new StepEvents(run, name, command.eventsFile, await offset(run, command));
  const stop = new AbortController();
  const following = events.follow(stop.signal);
  let end: StepEnd | TrainingError;
  try {
    end = await Promise.race([executor.wait(handle, command, signal), failing(following)]);
  } catch (error) {
    if (!(error instanceof TrainingError)) throw error;
    // What the executor has lost may have done its work.
    end = error;
  } finally {
    stop.abort();
    await following.catch(() => undefined);
  }
  await events.pass();
  const final = await lastWord(command);
  if (final !== undefined) return closed(run, final);
  throw end instanceof TrainingError ? end : await death(run, end);
}

/** Never resolves, so that it can race; rejects with what went wrong. */
function failing(work: Promise<void>): Promise<never> {
  return new Promise((_resolve, reject) => {
    work.catch(reject);
  });
}

/** The step is over: its last word is its result, or the reason of the failure. */
async function closed(run: JobRun, final: StepFinal): Promise<StepFinal> {
  if (final.event === 'error') throw new TrainingError(final.code, final.message);
  await run.change({ step: null });
  return final;
}

async function stillWorked(run: JobRun): Promise<boolean> {
  const { id, state } = run.record.job;
  return (await run.tools.store.get(id))?.job.state === state;
}

/** Passes a step's events on to the job, each once: also those that an earlier relay did not come to. */
class StepEvents {
  readonly #run: JobRun;
  readonly #name: StepName;
  readonly #file: string;
  readonly #tail: FileTail;
  readonly #pace = new Pace();

  constructor(run: JobRun, name: StepName, file: string, offset: number) {
    this.#run = run;
    this.#name = name;
    this.#file = file;
    this.#tail = new FileTail(file, offset);
  }

  async follow(stop: AbortSignal): Promise<void> {
    while (!stop.aborted && !this.#run.signal.aborted) {
      await this.pass();
      await pause(LOOK_EVERY, stop);
    }
  }

  async pass(): Promise<void> {
    for (const { text, end } of await this.#tail.read()) {
      const said = parseTrainerEvent(text);
      if (said === undefined) continue;
      const { event, note, progress } = translate(this.#name, said, this.#pace);
      if (note) await this.#run.note(note);
      if (event) this.#run.emit(event, { file: this.#file, end });
      if (progress) await this.#run.progress(progress);
    }
  }
}

function offset(run: JobRun, command: StepCommand): Promise<number> {
  return passedOn(run.folder.events, command.eventsFile);
}

const goesOn = 'Resume the job: it goes on from where it was.';

async function death(run: JobRun, { exitCode, signal }: StepEnd): Promise<InterruptedError> {
  // 128 + the number of the signal: what a shell or a cluster makes of it.
  if (signal === 'SIGKILL' || exitCode === 137) {
    return killed();
  }
  if (signal !== null || exitCode === 143) {
    return new InterruptedError(
      'trainer-stopped',
      `The trainer was stopped by somebody else (${signal ?? 'SIGTERM'}). ${goesOn}`,
    );
  }
  const words = await lastWords(run.folder.log);
  // torchrun's report: one of its processes was killed, and it ended the others.
  if (words.includes('Signal 9 (SIGKILL) received')) return killed();
  const said = words.split('\n').at(-1)?.trim().slice(0, 300) ?? '';
  const how = exitCode === null ? 'ended' : `ended with exit code ${exitCode}`;
  return new InterruptedError(
    'trainer-died',
    `The trainer ${how} without a result${said === '' ? '' : `; the last line of its log: "${said}"`}. The log tells more. ${goesOn}`,
  );
}

const killed = () =>
  new InterruptedError(
    'trainer-killed',
    `The trainer was killed, most often because the system ran out of memory. Close other programs, or train on smaller images. ${goesOn}`,
  );

async function lastWords(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trimEnd().slice(-2000);
  } catch {
    return '';
  }
}
