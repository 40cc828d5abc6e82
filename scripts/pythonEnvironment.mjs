// Virtual environments in the user's cache: where they lie, and which Python makes them.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

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

/**
 * The python of a virtual environment.
 *
 * @param {string} folder of the environment
 */
export function pythonOf(folder) {
  return process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
}

/**
 * The first Python from 3.10 on that can make virtual environments.
 *
 * @returns {{ command: string, version: string }} version: '3.11'
 */
export function findPython() {
  const candidates = [
    process.env.FORELABEL_PYTHON,
    'python3',
    'python',
    'python3.13',
    'python3.12',
    'python3.11',
    'python3.10',
  ];
  for (const command of candidates) {
    if (!command) continue;
    const probe = spawnSync(
      command,
      [
        '-c',
        'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2]); sys.exit(sys.version_info < (3, 10))',
      ],
      { encoding: 'utf8' },
    );
    if (probe.status === 0) return { command, version: probe.stdout.trim() };
  }
  throw new Error(
    'No Python 3.10 or newer with venv and pip was found. Install one (Debian, Ubuntu: apt install python3-venv; ' +
      'macOS: brew install python; Windows: winget install Python.Python.3.13), or name it in FORELABEL_PYTHON.',
  );
}

/**
 * Runs one step of an installation; all it prints goes to stderr, because stdout is for the answer.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<void>}
 */
export function step(command, args, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', process.stderr, process.stderr], env });
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0
        ? resolve()
        : reject(new Error(`${command} ${args.join(' ')} ended with ${code ?? 'a signal'}.`)),
    );
  });
}

/**
 * Does `work` while no other process does the same for this folder: two installations at once would pull
 * the files from under each other. Waits for the other one; takes over from one that died.
 *
 * @template T
 * @param {string} folder
 * @param {() => Promise<T>} work must look again whether there is anything left to do
 * @returns {Promise<T>}
 */
export async function alone(folder, work) {
  const lock = `${folder}.lock`;
  mkdirSync(dirname(lock), { recursive: true });
  for (let told = false; !take(lock); told = true) {
    if (!told) process.stderr.write(`Another process is making ${folder}; waiting for it\n`);
    await sleep(500);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** @param {string} lock a file with the process id of its holder */
function take(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
  } catch (error) {
    // Nobody of that id, or no lock any more: try again at once.
    if (error.code === 'ESRCH' || error.code === 'ENOENT') {
      rmSync(lock, { force: true });
      return take(lock);
    }
  }
  return false;
}
