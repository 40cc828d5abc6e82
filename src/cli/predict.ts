import { PassThrough } from 'node:stream';
import type { Engine } from '../engine/types.ts';
import { writeFormat } from '../formats/format.ts';
import { startRun } from '../prelabel/run.ts';
import type { RunProgress } from '../prelabel/types.ts';
import { modelsFolders } from '../relay/home.ts';
import { resolveModel, type CatalogModel } from '../relay/modelCatalog.ts';
import type { ExitCode } from './errors.ts';
import { folderJob } from './folderJob.ts';
import { Interrupt } from './interrupt.ts';
import { writtenImage, type Job, type WrittenImage } from './job.ts';
import { openEngine } from './openEngine.ts';
import { checkOut, writeOut } from './output.ts';
import { passingStore } from './passingStore.ts';
import { readPredictArgs, type PredictArgs } from './predictArgs.ts';
import { describe, ProgressLine } from './progressLine.ts';
import { projectJob } from './projectJob.ts';
import { stoppable } from './stoppable.ts';
import { taskLines } from './taskLines.ts';

/** A restart of Label Studio is waited for; one that is gone for good is not. */
const giveUpAfterMs = 5 * 60_000;

/** `forelabel predict`: a model over a folder, over images, or over the tasks of a project. */
export async function runPredict(argv: readonly string[]): Promise<ExitCode> {
  const args = readPredictArgs(argv, process.env);
  const { from, out, format } = args;
  if (out !== null) await checkOut(out, format);
  const model = await resolveModel(args.model, modelsFolders());
  const line = new ProgressLine(process.stderr);
  const interrupt = new Interrupt((text) => line.say(text));
  try {
    const job =
      from.kind === 'paths' ? await folderJob(from.paths) : await projectJob(from.project, model, args);
    for (const note of job.notes) line.say(note);
    const engine = await openEngine(args.engine, model, ({ why, device }) =>
      line.say(`${why} The run goes on on the ${device}.`),
    );
    try {
      line.say(`${model.version} on ${engine.info.backend} (${engine.info.device})`);
      return conclude(await work(args, model, job, engine, line, interrupt), job, args, line, interrupt);
    } finally {
      await engine.dispose();
    }
  } finally {
    interrupt.dispose();
  }
}

async function work(
  args: PredictArgs,
  model: CatalogModel,
  job: Job,
  engine: Engine,
  line: ProgressLine,
  interrupt: Interrupt,
): Promise<RunProgress> {
  const run = startRun({
    source: stoppable(job.source, interrupt.stop),
    engine,
    store: passingStore(),
    sink: job.sink,
    modelVersion: model.version,
    giveUpAfterMs,
  });
  interrupt.giveUp = () => run.cancel();
  run.subscribe((progress) => line.show(progress));

  const images = new PassThrough({ objectMode: true });
  // Written to by a run that has not heard yet that the writer failed.
  images.on('error', () => undefined);
  run.onResult((result) => {
    const image = writtenImage(result, job, args.threshold);
    // Only jsonl has a place for what failed.
    if (image.error && (args.format !== 'jsonl' || args.out === null)) {
      line.say(`${image.file}: ${image.error.message}`);
    }
    if (args.out !== null) images.write(image);
  });
  const writing = args.out === null ? Promise.resolve() : write(images, args, args.out, model, job);
  // A full disk: what is detected from then on would be lost.
  writing.catch(() => run.cancel());
  const progress = await run.finished;
  images.end();
  await writing;
  return progress;
}

function write(
  images: AsyncIterable<WrittenImage>,
  { format, from }: PredictArgs,
  out: string,
  model: CatalogModel,
  job: Job,
): Promise<void> {
  const { classes } = model.manifest;
  if (format === 'jsonl' && from.kind === 'project') return writeOut(taskLines(images, classes), out, format);
  const options = {
    classes,
    modelVersion: model.version,
    ...(job.mapping === null ? {} : { mapping: job.mapping }),
  };
  return writeOut(writeFormat(format, images, options), out, format);
}

/** Says how it ended, and what a shell should think of it. */
function conclude(
  progress: RunProgress,
  job: Job,
  { out }: PredictArgs,
  line: ProgressLine,
  interrupt: Interrupt,
): ExitCode {
  line.clear();
  const where = out === null || out === '-' ? '' : `, written to ${out}`;
  if (interrupt.stop.aborted || progress.phase === 'cancelled') {
    line.say(`Interrupted: ${describe(progress)}${where}.`);
    return 130;
  }
  if (progress.phase === 'failed') {
    line.say(progress.message ?? 'The run failed.');
    return 1;
  }
  const { done, failed, posted, rejected } = progress;
  if (done + failed === 0) {
    line.say(job.mayBeEmpty ? 'There is nothing left to do.' : 'There are no images to look at.');
    return job.mayBeEmpty ? 0 : 1;
  }
  if (done === 0) {
    line.say(`None of the ${failed} images could be read${where}.`);
    return 1;
  }
  line.say(`${describe(progress)}${where}.`);
  const allRefused = posted === 0 && rejected !== null && rejected > 0;
  return allRefused ? 1 : 0;
}
