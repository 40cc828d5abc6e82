/** A step as the machines of a cluster can run it: they see the job's folder, and nothing else of this machine. */
import { createHash } from 'node:crypto';
import { copyFile, cp, mkdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { StepCommand } from '../contracts.ts';
import { trainerFolder } from './local.ts';

export interface SharedStep {
  /** The same step, by paths that are true on the other side too. */
  readonly command: StepCommand;
  /** Folder of the trainer's own code. */
  readonly pythonPath: string;
}

/**
 * Copies the trainer and the files that the job file names, such as those of the model it starts from, to where
 * they are seen. The job's folder, in which the log lies, may be a link to shared storage.
 */
export async function shareStep(command: StepCommand): Promise<SharedStep> {
  const job = { folder: dirname(command.logFile), real: await realpath(dirname(command.logFile)) };
  const there = (path: string) =>
    isInside(path, job.folder) ? join(job.real, relative(job.folder, path)) : path;
  const shared = join(dirname(there(command.jobFile)), '.shared');
  const pythonPath = join(shared, 'trainer');
  await cp(join(trainerFolder, 'forelabel_trainer'), join(pythonPath, 'forelabel_trainer'), {
    recursive: true,
    filter: (path) => basename(path) !== '__pycache__',
  });
  const visible = async (text: string) => {
    if (isInside(text, job.folder)) return there(text);
    if (!text.startsWith(sep) || !(await isFile(text))) return text;
    // Of two files of one name each keeps its own.
    const copy = join(
      shared,
      'files',
      createHash('sha256').update(text).digest('hex').slice(0, 8),
      basename(text),
    );
    await mkdir(dirname(copy), { recursive: true });
    await copyFile(text, copy);
    return copy;
  };
  const jobFile = join(shared, basename(command.jobFile));
  const json: unknown = JSON.parse(await readFile(command.jobFile, 'utf8'));
  await writeFile(jobFile, `${JSON.stringify(await mapTexts(json, visible), null, 2)}\n`);
  const { module, eventsFile, logFile } = command;
  return { command: { module, jobFile, eventsFile: there(eventsFile), logFile: there(logFile) }, pythonPath };
}

async function mapTexts(value: unknown, change: (text: string) => Promise<string>): Promise<unknown> {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return Promise.all(value.map((item) => mapTexts(item, change)));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(async ([key, item]) => [key, await mapTexts(item, change)]);
  return Object.fromEntries((await Promise.all(entries)) as [string, unknown][]);
}

const isInside = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
