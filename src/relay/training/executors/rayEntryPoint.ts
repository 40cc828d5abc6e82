/** The command that a Ray cluster's node runs for a step, and what its end means. */
import { constants } from 'node:os';
import { InterruptedError, TrainingError, type StepCommand, type StepEnd } from '../contracts.ts';
import type { RayJob } from './rayClient.ts';
import { trainerArguments } from './trainerArguments.ts';

/** Exit code of an entry point that found the node unfit; no module of the trainer has it. */
const UNFIT = 66;

/** Taken literally by /bin/sh, whatever is in it. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * For /bin/sh on the node. Events and log are appended to the step's own files, which both sides share: in
 * Ray's log they would be one stream. What it looks for first, it tells in Ray's log.
 *
 * @param processes of a training on that node: one per GPU
 */
export function rayEntryPoint(command: StepCommand, python: string, processes: number): string {
  const { jobFile, eventsFile, logFile } = command;
  const [events, log] = [quoted(eventsFile), quoted(logFile)];
  const run = [python, ...trainerArguments(command, processes)].map(quoted).join(' ');
  return [
    `unfit() { echo "forelabel: $1 on $(uname -n)"; exit ${UNFIT}; }`,
    `test -r ${quoted(jobFile)} || unfit no-shared-folder`,
    // Not `:`, with which a failed redirection would end the shell.
    `{ true >> ${events} && true >> ${log}; } 2> /dev/null || unfit no-shared-output`,
    `command -v ${quoted(python)} > /dev/null || unfit no-python`,
    `echo "forelabel: found the job on $(uname -n)"`,
    // In the shell's place, so that Ray's signals and the exit code are the trainer's own.
    `exec ${run} >> ${events} 2>> ${log}`,
  ].join('; ');
}

/** How a step ended. Throws `TrainingError` where Ray could not run it, or not to its end. */
export function rayStepEnd(job: RayJob, jobFile: string): StepEnd {
  if (job.status === 'SUCCEEDED') return { exitCode: 0, signal: null };
  // The trainer's own code after SIGTERM.
  if (job.status === 'STOPPED') return { exitCode: 143, signal: null };
  const code = job.driver_exit_code ?? exitCodeIn(job.message);
  if (code === null) throw notRun(job);
  if (code === UNFIT) throw unfitNode(job.message, jobFile);
  return code < 0 ? { exitCode: null, signal: signalName(-code) } : { exitCode: code, signal: null };
}

/** Whether the entry point refused to run on the node that it was given. */
export const isUnfitNode = ({ driver_exit_code }: RayJob): boolean => driver_exit_code === UNFIT;

/** Ray before 2.7 has it in the message only. */
function exitCodeIn(message: string): number | null {
  const found = /^Job entrypoint command failed with exit code (-?\d+)/u.exec(message);
  return found === null ? null : Number(found[1]);
}

const signalName = (number: number): string =>
  Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;

function unfitNode(message: string, jobFile: string): TrainingError {
  // Only at a line's start: the message quotes the entry point too, which has the same words inside.
  const found = /^forelabel: (no-[a-z-]+) on (.*)$/mu.exec(message);
  const finding = found?.[1] ?? '';
  const node = found?.[2] ?? 'of this step';
  if (finding === 'no-python') {
    return new TrainingError(
      'ray-no-python',
      `The cluster's node ${node} does not have the Python that is set for Ray. ` +
        "Set the path that the trainer's Python has on the nodes, and install it on each of them.",
    );
  }
  return new TrainingError(
    'ray-no-shared-folder',
    `The cluster's node ${node} cannot ${finding === 'no-shared-output' ? 'write beside' : 'read'} the job file ${jobFile}. ` +
      'Put the folder jobs of FORELABEL_HOME on storage which the relay and all nodes mount at the same path, for the same user.',
  );
}

/** The error type of a job whose node is gone. */
const NODE_LOST = 'JOB_SUPERVISOR_ACTOR_DIED';

/** Ray's error types (`JobErrorType`) that a person can do something about. */
const remedies: Readonly<Record<string, readonly [code: string, remedy: string]>> = {
  JOB_SUPERVISOR_ACTOR_START_TIMEOUT: [
    'ray-no-resources',
    'Ask for fewer CPUs or GPUs, or wait until some are free.',
  ],
  JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE: [
    'ray-no-resources',
    'Ask for fewer CPUs or GPUs, or add a node that has them.',
  ],
  RUNTIME_ENV_SETUP_FAILURE: ['ray-environment', "Look at the runtime environment's log on the cluster."],
  [NODE_LOST]: ['ray-node-lost', 'Its node went away or ran out of memory; resume the job.'],
};

function notRun({ error_type, message: said }: RayJob): TrainingError {
  const [code, remedy] = remedies[error_type ?? ''] ?? ['ray-failed', "The job's log has all that Ray said."];
  const words = said.trim().split('\n', 1).join('').slice(0, 300);
  const message = `The Ray cluster did not run the step to its end: ${words} ${remedy}`;
  return error_type === NODE_LOST ? new InterruptedError(code, message) : new TrainingError(code, message);
}
