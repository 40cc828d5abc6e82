// Makes the virtual environment with the Label Studio that the tests run against.
//
//   node scripts/label-studio-setup.mjs     prints the environment's python as its last line
//
// It is for tests only: the product talks to whatever Label Studio its user has.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

register('./typescript.mjs', import.meta.url);
const { alone } = await import('../src/relay/alone.ts');
const { cacheFolder } = await import('../src/relay/trainerEnvironment/cacheFolder.ts');
const { findPython, pythonOf } = await import('../src/relay/trainerEnvironment/findPython.ts');
const { installationStep } = await import('../src/relay/trainerEnvironment/installationStep.ts');

export const LABEL_STUDIO_VERSION = '1.23.2';

const REQUIREMENTS = [`label-studio==${LABEL_STUDIO_VERSION}`];

/** The folder of the environment; its name holds the version, so that a new pin gets a new folder. */
export function environmentFolder() {
  return join(cacheFolder(), `label-studio-${LABEL_STUDIO_VERSION}`);
}

const markerOf = (folder) => join(folder, 'complete.txt');

function isComplete(folder) {
  return (
    existsSync(pythonOf(folder)) &&
    existsSync(markerOf(folder)) &&
    readFileSync(markerOf(folder), 'utf8') === REQUIREMENTS.join('\n')
  );
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
  return alone(folder, async () => {
    if (!isComplete(folder)) await make(folder, python);
    return python;
  });
}

/**
 * @param {string} folder
 * @param {string} python
 */
async function make(folder, python) {
  rmSync(folder, { recursive: true, force: true });
  process.stderr.write(`Installing Label Studio ${LABEL_STUDIO_VERSION} into ${folder} (a minute or two)\n`);
  await installationStep((await findPython()).command, ['-m', 'venv', folder]);
  await installationStep(python, [
    '-m',
    'pip',
    'install',
    '-qq',
    '--disable-pip-version-check',
    ...REQUIREMENTS,
  ]);
  await installationStep(python, ['-c', 'import label_studio.core']);
  writeFileSync(markerOf(folder), REQUIREMENTS.join('\n'));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  // pip runs in a process group of its own, which Ctrl+C does not reach: it ends when we exit.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
  try {
    process.stdout.write(`${await labelStudioPython()}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
