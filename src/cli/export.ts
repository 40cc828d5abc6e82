import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readyTrainerPython, trainerPython } from '../relay/trainerEnvironment/trainerPython.ts';
import { UsageError, type ExitCode } from './errors.ts';
import { readExportArgs, type ExportArgs } from './exportArgs.ts';
import { runExporter, type Exported } from './exportProcess.ts';
import { StatusLine } from './statusLine.ts';

/**
 * `forelabel export`: a config and a checkpoint of MMDetection become a model folder. Installs the trainer when it is
 * missing. The last line of stdout is `{"model","dir"}`.
 */
export async function runExport(args: readonly string[]): Promise<ExitCode> {
  const wanted = readExportArgs(args);
  await checkFiles(wanted);
  const line = new StatusLine(process.stderr);
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const python = await anyTrainer(line, interrupted.signal);
    const { model, dir } = await inJobFile(wanted, (jobFile) =>
      runExporter({ python, jobFile, line, signal: interrupted.signal }),
    );
    line.clear();
    process.stdout.write(`${JSON.stringify({ model, dir })}\n`);
    return 0;
  } catch (error) {
    line.clear();
    if (!interrupted.signal.aborted) throw error;
    process.stderr.write('Interrupted. Nothing was written.\n');
    return 130;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** Exporting needs no GPU: either environment will do, and the small one is made where there is none. */
async function anyTrainer(line: StatusLine, signal: AbortSignal): Promise<string> {
  const ready = (await readyTrainerPython()) ?? (await readyTrainerPython({ cuda: true }));
  if (ready !== undefined) return ready;
  return trainerPython({
    signal,
    onProgress: ({ step, done, total, detail }) => line.show(step, `${done + 1}/${total} ${step}`, detail),
  });
}

/** Fails before anything is installed or imported. */
async function checkFiles({ config, checkpoint, name, out }: ExportArgs): Promise<void> {
  for (const [option, path] of Object.entries({ config, checkpoint })) {
    if ((await kindOf(path)) !== 'file') {
      throw new UsageError(`--${option}: there is no file ${path}.`, 'Check the path.');
    }
  }
  if ((await kindOf(out)) === 'file') {
    throw new UsageError(`--out ${out} is a file.`, 'Name a folder; it is made.');
  }
  const held = (await readdir(out).catch(() => [])).toSorted();
  if (held.length > 0 && !held.includes('model.json')) {
    const shown = held.length > 3 ? [...held.slice(0, 3), '...'] : held;
    throw new UsageError(
      `--out ${out} holds ${shown.join(', ')} and no model.json, so it is not a model.`,
      `Name a new folder, such as ${join(out, name)}, or that of a model to replace.`,
    );
  }
}

async function kindOf(path: string): Promise<'file' | 'folder' | null> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return null;
  }
}

/** The job file (src/trainer/forelabel_trainer/job.py, `parse_export`), for as long as `work` takes. */
async function inJobFile(
  { config, checkpoint, name, out, classes }: ExportArgs,
  work: (jobFile: string) => Promise<Exported>,
): Promise<Exported> {
  const folder = await mkdtemp(join(tmpdir(), 'forelabel-export-'));
  try {
    const jobFile = join(folder, 'job.json');
    const job = {
      kind: 'export',
      name,
      config: resolve(config),
      checkpoint: resolve(checkpoint),
      outDir: resolve(out),
      ...(classes === null ? {} : { classes }),
    };
    await writeFile(jobFile, JSON.stringify(job));
    return await work(jobFile);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
