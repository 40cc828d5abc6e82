import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import type { ExecutorKind } from '../../../training/job.ts';
import {
  TrainingError,
  type Executor,
  type StepCommand,
  type StepEnd,
  type StepHandle,
} from '../contracts.ts';
import { findProcess, identify, isAlive, type ProcessIdentity } from './processIdentity.ts';

/** What to run for a step. The last arguments are `forelabel_trainer.<module>` and the job file: `find` looks for them. */
export interface CommandLine {
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: NodeJS.ProcessEnv;
}

export interface ProcessExecutorOptions {
  readonly kind: ExecutorKind;
  readonly commandLine: (command: StepCommand) => Promise<CommandLine>;
  /** Milliseconds from SIGTERM to SIGKILL. */
  readonly patience?: number;
  /** Milliseconds between two looks at a process that is not our child. */
  readonly interval?: number;
}

/** Polite to whoever works at this machine: a training takes what others leave. */
const NICE = 5;

const handleSchema = v.object({ pid: v.number(), started: v.string(), boot: v.string() });

/**
 * Steps as processes of this machine, each in its own process group and with files for stdout and stderr: they
 * outlive the relay, and a later relay finds them by process id and start time.
 */
export function processExecutor(options: ProcessExecutorOptions): Executor {
  const { kind, commandLine, patience = 10_000, interval = 500 } = options;
  /** Ends of our own children; only their parent learns how a process ended. */
  const ends = new Map<string, Promise<StepEnd>>();

  return {
    kind,

    async start(command) {
      const { pid, end } = await launch(command, await commandLine(command));
      lower(pid);
      // A step that ended already was so quick that its files tell everything.
      const handle = (await identify(pid)) ?? { pid, started: '', boot: '' };
      ends.set(keyOf(handle), end);
      return { ...handle };
    },

    async find({ module, jobFile }) {
      const pid = await findProcess(` forelabel_trainer.${module} ${jobFile}`);
      const found = pid === null ? null : await identify(pid);
      return found === null ? null : { ...found };
    },

    async wait(handle, _command, signal) {
      const identity = parse(handle);
      const own = ends.get(keyOf(identity));
      if (own !== undefined) return Promise.race([own, rejected(signal)]);
      while (await isAlive(identity)) await sleep(interval, undefined, { signal });
      killGroup(identity.pid, 'SIGKILL');
      return { exitCode: null, signal: null };
    },

    isRunning: (handle) => isAlive(parse(handle)),

    async stop(handle) {
      const identity = parse(handle);
      if (!(await isAlive(identity))) return;
      killGroup(identity.pid, 'SIGTERM');
      const deadline = performance.now() + patience;
      while (performance.now() < deadline && (await isAlive(identity))) await sleep(50);
      // What the leader left behind goes too.
      killGroup(identity.pid, 'SIGKILL');
      while (await isAlive(identity)) await sleep(50);
    },
  };
}

interface Launched {
  readonly pid: number;
  readonly end: Promise<StepEnd>;
}

async function launch(command: StepCommand, { file, args, env }: CommandLine): Promise<Launched> {
  const events = await open(command.eventsFile, 'a');
  const log = await open(command.logFile, 'a');
  try {
    const child = spawn(file, args, {
      // Python looks for modules there first: no place for anybody's files but ours.
      cwd: dirname(command.jobFile),
      detached: true,
      stdio: ['ignore', events.fd, log.fd],
      env,
      windowsHide: true,
    });
    // Before anything is awaited: it may have ended by then, and nobody would hear of it.
    const end = endOf(child);
    await once(child, 'spawn');
    // The step must not keep a relay alive that wants to end.
    child.unref();
    return { pid: child.pid ?? 0, end };
  } catch (cause) {
    throw new TrainingError(
      'trainer-not-started',
      `The trainer cannot be started: ${file} does not run (${cause instanceof Error ? cause.message : String(cause)}). ` +
        'Run "forelabel doctor" to see what is missing.',
      { cause },
    );
  } finally {
    await events.close();
    await log.close();
  }
}

/** Never rejects: that it cannot be started is seen elsewhere. */
function endOf(child: ChildProcess): Promise<StepEnd> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) => {
      // A leader that was killed could not end what it had started; nothing of a step may outlive it.
      if (child.pid !== undefined) killGroup(child.pid, 'SIGKILL');
      resolve({ exitCode, signal });
    });
  });
}

function lower(pid: number): void {
  try {
    setPriority(pid, NICE);
  } catch {
    // It ended already, or the system does not let us: no reason to fail.
  }
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // Nobody is left.
  }
}

function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = () => reject(signal.reason as Error);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}

function parse(handle: StepHandle): ProcessIdentity {
  return v.parse(handleSchema, handle);
}

const keyOf = ({ pid, started }: ProcessIdentity): string => `${pid} ${started}`;
