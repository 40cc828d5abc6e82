// Makes the virtual environment with the Label Studio that the tests run against.
//
//   node scripts/label-studio-setup.mjs     prints the environment's python as its last line
//
// It is for tests only: the product talks to whatever Label Studio its user has.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const LABEL_STUDIO_VERSION = '1.23.2';

const REQUIREMENTS = [`label-studio==${LABEL_STUDIO_VERSION}`];

/** The folder that all of Forelabel's caches share: `$FORELABEL_CACHE`, or the platform's own. */
export function cacheFolder() {
  const { FORELABEL_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (FORELABEL_CACHE) return FORELABEL_CACHE;
  if (process.platform === 'win32') {
    return join(LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'forelabel', 'Cache');
  }
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'forelabel');
  return join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'forelabel');
}

/** The folder of the environment; its name holds the version, so that a new pin gets a new folder. */
export function environmentFolder() {
  return join(cacheFolder(), `label-studio-${LABEL_STUDIO_VERSION}`);
}

function pythonOf(folder) {
  return process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
}

const markerOf = (folder) => join(folder, 'complete.txt');

function isComplete(folder) {
  return (
    existsSync(pythonOf(folder)) &&
    existsSync(markerOf(folder)) &&
    readFileSync(markerOf(folder), 'utf8') === REQUIREMENTS.join('\n')
  );
}

/** Label Studio needs Python 3.10 or newer; the first one found is taken. */
function systemPython() {
  const candidates = [
    process.env.FORELABEL_PYTHON,
    'python3',
    'python',
    'python3.13',
    'python3.12',
    'python3.11',
    'python3.10',
  ];
  for (const candidate of candidates) {
    if (!candidate) continue;
    const probe = spawnSync(candidate, [
      '-c',
      'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))',
    ]);
    if (probe.status === 0) return candidate;
  }
  throw new Error(
    'No Python 3.10 or newer with venv and pip was found. ' +
      'Install one (Debian: apt install python3-venv), or name it in FORELABEL_PYTHON.',
  );
}

function step(command, args) {
  return new Promise((resolve, reject) => {
    // Progress goes to stderr: the last line of stdout is the answer.
    const child = spawn(command, args, { stdio: ['ignore', process.stderr, process.stderr] });
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0
        ? resolve()
        : reject(new Error(`${command} ${args.join(' ')} ended with ${code ?? 'a signal'}.`)),
    );
  });
}

/**
 * The python of an environment that has the pinned Label Studio; makes the environment when it is
 * missing or half made (the marker is written last).
 *
 * @returns {Promise<string>} absolute path of the python
 */
export async function labelStudioPython() {
  const folder = environmentFolder();
  const python = pythonOf(folder);
  if (isComplete(folder)) return python;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(cacheFolder(), { recursive: true });
  process.stderr.write(`Installing Label Studio ${LABEL_STUDIO_VERSION} into ${folder} (a minute or two)\n`);
  await step(systemPython(), ['-m', 'venv', folder]);
  await step(python, ['-m', 'pip', 'install', '-qq', '--disable-pip-version-check', ...REQUIREMENTS]);
  await step(python, ['-c', 'import label_studio.core']);
  writeFileSync(markerOf(folder), REQUIREMENTS.join('\n'));
  return python;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    process.stdout.write(`${await labelStudioPython()}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
