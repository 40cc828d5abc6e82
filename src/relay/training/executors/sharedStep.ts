/** A step as the machines of a cluster can run it: they see the job's folder, and nothing else of this machine. */
import { cp, copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { packageFolder } from '../../home.ts';
import type { StepCommand } from '../contracts.ts';
import { trainerFolder } from './local.ts';

const bundledModels = join(packageFolder, 'models') + sep;

export interface SharedStep {
  /** The same step, whose job file names shared files only. */
  readonly command: StepCommand;
  /** Folder of the trainer's own code. */
  readonly pythonPath: string;
}

/** Copies beside the job file what lies with the installed package: the trainer and the bundled model. */
export async function shareStep(command: StepCommand): Promise<SharedStep> {
  const folder = join(dirname(command.jobFile), '.shared');
  const pythonPath = join(folder, 'trainer');
  await cp(join(trainerFolder, 'forelabel_trainer'), join(pythonPath, 'forelabel_trainer'), {
    recursive: true,
    filter: (path) => basename(path) !== '__pycache__',
  });
  const jobFile = join(folder, basename(command.jobFile));
  const job: unknown = JSON.parse(await readFile(command.jobFile, 'utf8'));
  await writeFile(jobFile, `${JSON.stringify(await withCopies(job, join(folder, 'models')), null, 2)}\n`);
  return { command: { ...command, jobFile }, pythonPath };
}

/** The same JSON, with the bundled files in it copied to `folder` and named there. Its paths are absolute. */
async function withCopies(value: unknown, folder: string): Promise<unknown> {
  if (typeof value === 'string') {
    if (!value.startsWith(bundledModels) || !(await isFile(value))) return value;
    const copy = join(folder, value.slice(bundledModels.length));
    await mkdir(dirname(copy), { recursive: true });
    await copyFile(value, copy);
    return copy;
  }
  if (Array.isArray(value)) return Promise.all(value.map((item) => withCopies(item, folder)));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(async ([key, item]) => [key, await withCopies(item, folder)]);
  return Object.fromEntries((await Promise.all(entries)) as [string, unknown][]);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
