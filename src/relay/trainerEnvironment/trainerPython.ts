/**
 * The virtual environment of the trainer: MMDetection and what it needs, nothing compiled. Made once for each
 * set of pins, Python version and device, in the cache, and used until one of them changes.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { alone } from '../alone.ts';
import { packageFolder } from '../home.ts';
import { cacheFolder } from './cacheFolder.ts';
import { findPython, pythonOf } from './findPython.ts';
import { install, type InstallProgress } from './install.ts';

/** The trainer's own sources and its pins; to be put on PYTHONPATH. */
export const trainerSources = join(packageFolder, 'src', 'trainer');

export interface TrainerEnvironment {
  readonly folder: string;
  readonly python: string;
  /** Written last: an environment without it is half made. */
  readonly marker: string;
  readonly ready: boolean;
}

export interface TrainerPythonOptions {
  /** The CUDA build of PyTorch. */
  readonly cuda?: boolean;
  readonly onProgress?: (progress: InstallProgress) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The python of the trainer's environment, as an absolute path; makes the environment when it is missing or half
 * made, or waits for the process that is making it.
 * Throws `TrainingError` 'python-missing' or 'trainer-install', or the signal's reason.
 */
export async function trainerPython(options: TrainerPythonOptions = {}): Promise<string> {
  const { cuda = false, onProgress, signal } = options;
  const environment = await describe(cuda);
  if (environment.ready) return environment.python;
  const make = async (): Promise<string> => {
    if (!isReady(environment)) await install(environment, trainerSources, options);
    return environment.python;
  };
  return alone(environment.folder, make, {
    ...(signal === undefined ? {} : { signal }),
    onWait: () =>
      onProgress?.({
        step: 'Waiting for another process that installs MMDetection',
        done: 0,
        total: 4,
        detail: null,
      }),
  });
}

/** The python of the environment if it is ready, else undefined; without a Python too. */
export async function readyTrainerPython({ cuda = false }: { readonly cuda?: boolean } = {}): Promise<
  string | undefined
> {
  const environment = await trainerEnvironment({ cuda });
  return environment?.ready === true ? environment.python : undefined;
}

/** Where the environment is or would be; undefined without a Python to make it with. */
export async function trainerEnvironment({ cuda = false }: { readonly cuda?: boolean } = {}): Promise<
  TrainerEnvironment | undefined
> {
  return describe(cuda).catch(() => undefined);
}

async function describe(cuda: boolean): Promise<TrainerEnvironment & { readonly version: string }> {
  const { version } = await findPython();
  // Another hash would be another environment: some 500 MB and minutes for everybody who has one.
  const hash = createHash('sha256').update(`${version} ${cuda ? 'cuda' : 'cpu'}\n`);
  for (const name of ['requirements-build.txt', 'requirements-torch.txt', 'requirements.txt']) {
    hash.update(await readFile(join(trainerSources, name)));
  }
  const id = hash.digest('hex').slice(0, 10);
  const folder = join(cacheFolder(), `trainer-${cuda ? 'cuda' : 'cpu'}-py${version}-${id}`);
  const environment = { version, folder, python: pythonOf(folder), marker: join(folder, 'complete.txt') };
  return { ...environment, ready: isReady(environment) };
}

function isReady({ python, marker }: Pick<TrainerEnvironment, 'python' | 'marker'>): boolean {
  return existsSync(python) && existsSync(marker);
}
