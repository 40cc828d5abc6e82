import { appendFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { execa } from 'execa';
import { TrainingError } from '../training/contracts.ts';

export interface StepOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Gets all that the step prints. Without it, the step prints to our stderr. */
  readonly logFile?: string;
  /** Each line that the step prints. */
  readonly onLine?: (line: string) => void;
}

/**
 * Runs one step of an installation. What it prints never reaches stdout, which is for the answer.
 * Throws `TrainingError` 'trainer-install' with the step's own words, or the signal's reason.
 */
export async function installationStep(
  command: string,
  args: readonly string[],
  { env = {}, signal, logFile, onLine }: StepOptions = {},
): Promise<void> {
  signal?.throwIfAborted();
  const child = execa(command, args, {
    env: { ...env, PYTHONUNBUFFERED: '1' },
    stdin: 'ignore',
    all: true,
    buffer: false,
    reject: false,
    // Its own process group: what pip has started must end with it, or it would hold our pipe open.
    detached: process.platform !== 'win32',
  });
  const stop = () => endGroup(child.pid);
  signal?.addEventListener('abort', stop, { once: true });
  process.once('exit', stop);
  const tail: string[] = [];
  try {
    for await (const line of child.iterable({ from: 'all' })) {
      onLine?.(line);
      if (logFile === undefined) process.stderr.write(`${line}\n`);
      else await appendFile(logFile, `${line}\n`);
      if (/\S/u.test(line)) tail.push(line.trim());
      if (tail.length > 50) tail.shift();
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    process.off('exit', stop);
  }
  const { exitCode, failed, shortMessage } = await child;
  signal?.throwIfAborted();
  if (!failed && exitCode === 0) return;
  throw new TrainingError(
    'trainer-install',
    `The installation failed: ${cause(tail) ?? shortMessage ?? `${basename(command)} ended`}. ` +
      (logFile === undefined
        ? 'What it printed is above.'
        : `Look into ${logFile}, check the network and the disk, and run "forelabel setup" again.`),
  );
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

/** What pip itself calls the error, else the last thing that was said. */
function cause(tail: readonly string[]): string | undefined {
  const words = tail.findLast((line) => /^ERROR:|No space left|Error\b/u.test(line)) ?? tail.at(-1);
  return words
    ?.replace(/^ERROR:\s*/u, '')
    .replace(/\.$/u, '')
    .slice(0, 300);
}
