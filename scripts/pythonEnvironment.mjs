// Virtual environments in the user's cache: where they lie, and which Python makes them.
import { spawn, spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';

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
