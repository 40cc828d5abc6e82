import { rm } from 'node:fs/promises';
import { trainerSettings } from '../../training/presets.ts';
import type { CatalogModel } from '../modelCatalog.ts';
import { chooseBase, trainableFiles } from './baseModel.ts';
import type { CollectedDataset } from './contracts.ts';
import { checkSpace } from './diskSpace.ts';
import { exportedVersion, trainedModel } from './jobResults.ts';
import type { JobRun } from './jobRun.ts';
import type { WorkingState } from './jobRow.ts';
import { modelNameFor } from './modelName.ts';
import { Pace } from './pace.ts';
import { registerModel } from './registration.ts';
import { runStep } from './runStep.ts';
import { readResult } from './trainerEvents.ts';
import { evaluateJob, exportJob, trainJob } from './trainerJobs.ts';

/** The work of each state, which ends in the next one, or is begun again: after a death too. */
export const stages: Readonly<Record<WorkingState, (run: JobRun) => Promise<void>>> = {
  collecting,
  training,
  evaluating,
  exporting,
};

async function collecting(run: JobRun): Promise<void> {
  const { folder, tools, record, signal } = run;
  const { project, request } = record.job;
  await Promise.all(folder.large.map((path) => rm(path, { recursive: true, force: true })));
  const base = await findBase(run);
  const pace = new Pace();
  const usualControl = await tools.store.usualControl(record.job.labelStudio, project);
  const step = 'Fetching annotations and images';
  await run.tell({ progress: { step, done: 0, total: 0, secondsLeft: null } });
  // Many are called before the first is written: one after the other, and the first failure ends the stage.
  let writing = Promise.resolve();
  const collected = await tools.collect(
    {
      labelStudio: record.job.labelStudio,
      project,
      base,
      folder: folder.dataset,
      ...(request.control === undefined ? {} : { control: request.control }),
      ...(usualControl === undefined ? {} : { usualControl }),
    },
    {
      signal,
      onProgress: (done, total) => {
        const secondsLeft = pace.secondsFor(total - done, done);
        writing = writing.then(() => run.progress({ step, done, total, secondsLeft }));
        writing.catch(() => undefined);
      },
    },
  );
  await writing;
  signal.throwIfAborted();
  await run.note(...collected.notes);
  for (const note of collected.notes) run.emit({ type: 'note', ...note });
  await run.tell({
    state: 'training',
    stage: 'training',
    collected,
    metrics: { base: null, new: null },
    progress: null,
  });
}

async function training(run: JobRun): Promise<void> {
  const { folder, tools, record } = run;
  const { job } = record;
  const dataset = datasetOf(run);
  const settings = trainerSettings(job.request, dataset.info.train);
  if (settings.epochs !== job.epochs) await run.change({ epochs: settings.epochs });
  await runStep(run, 'train', async (again) => {
    const base = await trainableFiles(await findBase(run));
    await checkSpace(folder.path, base.checkpoint, tools.freeBytes);
    return trainJob({
      name: nameOf(run),
      base,
      dataset,
      workDir: folder.checkpoints,
      settings,
      resume: again,
    });
  });
  await run.tell({ state: 'evaluating', stage: 'evaluating', progress: null });
}

async function evaluating(run: JobRun): Promise<void> {
  const { classes, val } = datasetOf(run);
  // Collecting has said why there is nothing to measure on.
  if (val !== null) {
    const before = await runStep(run, 'evaluate-base', async () =>
      evaluateJob(await trainableFiles(await findBase(run)), classes, val),
    );
    await run.tell({ metrics: { base: readResult.evaluate(before).metrics, new: null } });
    const after = await runStep(run, 'evaluate-new', async () =>
      evaluateJob(await trainedModel(run.folder), classes, val),
    );
    await run.tell({ metrics: { ...run.record.job.metrics, new: readResult.evaluate(after).metrics } });
  }
  await run.tell({ state: 'exporting', stage: 'exporting', progress: null });
}

async function exporting(run: JobRun): Promise<void> {
  const { folder, tools, record } = run;
  const { job } = record;
  const { classes, info } = datasetOf(run);
  const final = await runStep(run, 'export', async () =>
    exportJob({
      name: nameOf(run),
      model: await trainedModel(folder),
      classes,
      outDir: folder.model,
      lineage: {
        parent: job.base,
        dataset: info.sha256,
        epochs: job.epochs,
        metrics: job.metrics.new ?? {},
        date: new Date().toISOString(),
      },
    }),
  );
  const version = (await exportedVersion(folder)) ?? readResult.export(final).model;
  if (!(await registerModel(folder.model, tools.modelsFolder, version))) {
    // Somebody removed the exported model before it was registered: once more.
    await rm(folder.step('export'), { recursive: true, force: true });
    return;
  }
  await run.tell({ state: 'done', model: version, ended: new Date().toISOString(), progress: null });
  try {
    await tools.onModel?.({ version, project: job.project });
  } catch (error) {
    // The model is there all the same.
    tools.log.error({ err: error, job: job.id }, 'what follows a new model failed');
  }
}

async function findBase({ tools, record }: JobRun): Promise<CatalogModel> {
  return chooseBase((await tools.models()).models, record.job.base, []);
}

function datasetOf({ record }: JobRun): CollectedDataset {
  if (record.collected === null) throw new Error(`Job ${record.job.id} trains without a data set.`);
  return record.collected;
}

function nameOf({ record }: JobRun): string {
  const { request, projectTitle, project } = record.job;
  return request.name ?? modelNameFor(projectTitle, project);
}
