import { join } from 'node:path';
import { execa } from 'execa';
import { TrainingError } from '../training/contracts.ts';

export interface Python {
  readonly command: string;
  /** '3.11' */
  readonly version: string;
}

const probe =
  'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2]); sys.exit(sys.version_info < (3, 10))';

let found: Promise<Python> | null = null;

/**
 * The first Python from 3.10 on that can make virtual environments; FORELABEL_PYTHON goes first. Looked for once.
 * Throws `TrainingError` 'python-missing'.
 */
export function findPython(): Promise<Python> {
  found ??= search().catch((error: unknown) => {
    // It may be installed before the next try.
    found = null;
    throw error;
  });
  return found;
}

async function search(): Promise<Python> {
  const versions = ['python3', 'python', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
  for (const command of [process.env.FORELABEL_PYTHON ?? '', ...versions]) {
    if (command === '') continue;
    // Isolated: a stray queue.py or venv.py where the user happens to stand is not Python's own.
    const { exitCode, stdout } = await execa(command, ['-I', '-c', probe], {
      reject: false,
      timeout: 20_000,
    });
    if (exitCode === 0) return { command, version: stdout.trim() };
  }
  throw new TrainingError(
    'python-missing',
    'No Python 3.10 or newer with venv and pip was found. Install one (Debian, Ubuntu: apt install python3-venv; ' +
      'macOS: brew install python; Windows: winget install Python.Python.3.13), or name it in FORELABEL_PYTHON.',
  );
}

/** The python of a virtual environment, by its folder. */
export function pythonOf(folder: string): string {
  return process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
}
