/** A FORELABEL_HOME with a base model, and a training service on it whose collector and trainer are quick. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { createTraining, type TrainingOptions } from '../../../../src/relay/training/createTraining.ts';
import type { Collect, CollectedDataset, TrainingService } from '../../../../src/relay/training/contracts.ts';
import { processExecutor } from '../../../../src/relay/training/executors/processExecutor.ts';
import { listModels } from '../../../../src/relay/modelCatalog.ts';
import type { Job, JobState } from '../../../../src/training/job.ts';
import { isEnded } from '../../../../src/training/job.ts';
import { writeModelFolder } from '../modelFolder.ts';

export async function makeHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'forelabel-jobs-'));
  const { folder } = await writeModelFolder(join(home, 'models'), { name: 'base' });
  await writeFile(join(folder, 'checkpoint.pth'), 'weights of the base');
  return home;
}

/** What the fake trainer is to do: see `fakeTrainer.mjs`. */
export function setFaults(home: string, faults: Readonly<Record<string, unknown>>): Promise<void> {
  return writeFile(join(home, 'fake.json'), JSON.stringify(faults));
}

/** The steps that were started, in order: module, process id, resume. */
export async function starts(
  home: string,
): Promise<readonly { module: string; pid: number; resume: boolean }[]> {
  try {
    const lines = (await readFile(join(home, 'starts.txt'), 'utf8')).split('\n');
    // Between being made and being written to, the file is empty.
    return lines.filter(Boolean).map((line) => {
      const [module = '', pid, resume] = line.split(' ');
      return { module, pid: Number(pid), resume: resume === 'resume=true' };
    });
  } catch {
    return [];
  }
}

export const modelsOf = async (home: string): Promise<readonly string[]> =>
  (await readdir(join(home, 'models'))).filter((name) => name !== 'base').sort();

const dataset: Omit<CollectedDataset, 'train' | 'val'> = {
  info: {
    tasks: 10,
    train: 8,
    val: 2,
    boxes: 30,
    negatives: 1,
    classes: [{ name: 'cell', boxes: 30 }],
    newClasses: ['cell'],
    droppedClasses: ['face'],
    sha256: 'a'.repeat(64),
  },
  classes: ['cell'],
  notes: [{ code: 'classes-new', message: 'The model learns a class that it did not know: cell.' }],
};

const noValidation = { code: 'no-validation', message: 'There are too few tasks. Annotate more.' };

/** Takes `ms`, in ten steps; leaves an image behind, as the real one does. */
export function slowCollect(ms: number, withVal = true): Collect {
  return async ({ folder }, { signal, onProgress }) => {
    const source = { annotations: join(folder, 'train.json'), images: join(folder, 'images') };
    await mkdir(source.images, { recursive: true });
    for (let image = 1; image <= 10; image++) {
      await sleep(ms / 10, undefined, { signal });
      await writeFile(join(source.images, `${image}.jpg`), 'image');
      onProgress(image, 10);
    }
    await writeFile(source.annotations, '{}');
    const notes = withVal ? dataset.notes : [...dataset.notes, noValidation];
    return { ...dataset, train: source, val: withVal ? source : null, notes };
  };
}

export function fakeExecutor() {
  const script = join(import.meta.dirname, 'fakeTrainer.mjs');
  return processExecutor({
    kind: 'local',
    commandLine: ({ module, jobFile }) =>
      Promise.resolve({
        file: process.execPath,
        args: [process.env.FAKE_TRAINER ?? script, `forelabel_trainer.${module}`, jobFile],
        env: { PATH: process.env.PATH },
      }),
    patience: 1000,
    interval: 50,
  });
}

export function optionsFor(home: string, more: Partial<TrainingOptions> = {}): TrainingOptions {
  return {
    home,
    models: () => listModels([{ path: join(home, 'models'), origin: 'own' }]),
    modelsFolder: join(home, 'models'),
    collect: slowCollect(20),
    executors: { local: fakeExecutor() },
    defaultExecutor: () => 'local',
    access: () => Promise.resolve({ url: 'http://127.0.0.1:8080', token: 'secret' }),
    projectInfo: (project) => Promise.resolve({ title: `Zellen, Réihe ${project}` }),
    freeBytes: () => Promise.resolve(2 ** 40),
    log: pino({ level: process.env.FORELABEL_LOG ?? 'silent' }),
    ...more,
  };
}

const open = new Set<TrainingService>();

export async function training(home: string, more: Partial<TrainingOptions> = {}): Promise<TrainingService> {
  const service = await createTraining(optionsFor(home, more));
  open.add(service);
  return service;
}

/** Ends every service and every step that a test has left, and removes the home. */
export async function clear(home: string): Promise<void> {
  for (const service of open) await service.close().catch(() => undefined);
  open.clear();
  for (const { pid } of await starts(home)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
}

export async function until(
  service: TrainingService,
  id: string,
  wanted: JobState | ((job: Job) => boolean),
): Promise<Job> {
  const is = typeof wanted === 'string' ? (job: Job) => job.state === wanted : wanted;
  for (let waited = 0; waited < 15_000; waited += 20) {
    const job = await service.get(id);
    if (job === undefined) throw new Error(`There is no job ${id}.`);
    if (is(job)) return job;
    if (isEnded(job)) throw new Error(`It ended otherwise: ${job.state} ${JSON.stringify(job.error)}`);
    await sleep(20);
  }
  throw new Error(`Too late: ${JSON.stringify(await service.get(id))}`);
}

/** A process that has ended stays until its parent has taken note, which may be a moment after the kill. */
export function isRunning(pid: number | undefined): boolean {
  try {
    process.kill(pid ?? 0, 0);
    return true;
  } catch {
    return false;
  }
}
