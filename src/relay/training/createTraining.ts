import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import * as v from 'valibot';
import { trainRequestSchema, type ExecutorKind, type Job } from '../../training/job.ts';
import { trainerSettings, usualImages } from '../../training/presets.ts';
import { openDatabase } from '../database.ts';
import { labelStudioName } from '../labelStudioName.ts';
import { chooseBase, trainableFiles } from './baseModel.ts';
import { TrainingError, type FindAccess, type TrainingService } from './contracts.ts';
import { appendEvent } from './eventLog.ts';
import { removeJob } from './housekeeping.ts';
import { jobEvents } from './jobEvents.ts';
import { JobFolder } from './jobFolder.ts';
import { readLog } from './jobLog.ts';
import { whereToGoOn } from './jobResults.ts';
import type { WorkTools } from './jobRun.ts';
import type { JobRecord } from './jobRow.ts';
import { activeStates, JobStore } from './jobStore.ts';
import { Lease } from './lease.ts';
import { modelNameFor } from './modelName.ts';
import { Nudge } from './nudge.ts';
import { Watcher } from './watcher.ts';
import { Worker } from './worker.ts';

export interface TrainingOptions extends Omit<WorkTools, 'store' | 'owner' | 'changes'> {
  /** For a request that names none. */
  readonly defaultExecutor: () => ExecutorKind;
  readonly access: FindAccess;
  /** Asks Label Studio. Throws `TrainingError` where there is no such project. */
  readonly projectInfo: (project: number) => Promise<{ readonly title: string }>;
  /** Whether open pages are to take a new model of this project without asking; default: no. */
  readonly takeNewModel?: (project: number) => Promise<boolean>;
  /** False: asks and watches, and leaves the work to another process of this home. */
  readonly work?: boolean;
  /** Of how many ended jobs data set and checkpoints are kept; default 10. */
  readonly keepJobs?: number;
}

/**
 * The jobs of one FORELABEL_HOME. Any number of processes may ask, watch and cancel; one of those that want to
 * work does. Steps that an earlier process left running are taken up again.
 */
export async function createTraining(options: TrainingOptions): Promise<TrainingService> {
  const { home, access, log, work = true, keepJobs = 10 } = options;
  const database = await openDatabase(home);
  const store = new JobStore(database);
  const lease = new Lease(database);
  const changes = new Nudge();
  const takeNewModel = options.takeNewModel ?? (() => Promise.resolve(false));
  const watcher = await Watcher.start({ store, changes, takeNewModel, log });
  const worker = work
    ? new Worker({ ...options, store, owner: lease.owner, changes }, lease, keepJobs)
    : undefined;
  const folderOf = (id: string) => new JobFolder(home, id);

  const tell = ({ job }: JobRecord): Job => {
    appendEvent(folderOf(job.id).events, { type: 'job', job });
    changes.nudge();
    return job;
  };
  const known = async (id: string): Promise<JobRecord> => {
    const record = await store.get(id);
    if (record) return record;
    throw new TrainingError(
      'job-unknown',
      `There is no training job ${id}. "forelabel jobs" lists those there are.`,
    );
  };

  return {
    async start(input, trigger) {
      const parsed = v.safeParse(trainRequestSchema, input);
      if (!parsed.success) throw invalid(parsed.issues[0]);
      const request = parsed.output;
      const labelStudio = await labelStudioName(access);
      if (labelStudio === '') {
        throw new TrainingError(
          'label-studio-unknown',
          'Forelabel was not told of a Label Studio to train from. Give its address and a token in the settings, ' +
            'or as LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY.',
        );
      }
      const executor = request.executor ?? options.defaultExecutor();
      if (options.executors[executor] === undefined) {
        throw new TrainingError(
          'executor-unavailable',
          `Trainings cannot run by "${executor}" here. Choose one of: ${Object.keys(options.executors).join(', ')}.`,
        );
      }
      const { models } = await options.models();
      const base = chooseBase(models, request.base, await store.models(labelStudio, request.project));
      await trainableFiles(base);
      await refuseSecond(store, labelStudio, request.project);
      const { title } = await options.projectInfo(request.project);
      const now = new Date().toISOString();
      const job: Job = {
        id: newId(now),
        state: 'queued',
        trigger,
        labelStudio,
        project: request.project,
        projectTitle: title,
        request: { ...request, name: request.name ?? modelNameFor(title, request.project) },
        executor,
        // How many images there are is known when they are collected.
        epochs: trainerSettings(request, usualImages).epochs,
        base: base.version,
        model: null,
        metrics: { base: null, new: null },
        dataset: null,
        progress: null,
        notes: [],
        error: null,
        attempts: 0,
        created: now,
        started: null,
        ended: null,
      };
      // Once more where the other one has ended just now.
      while (!(await store.insert({ job, queued: now }))) {
        await refuseSecond(store, labelStudio, request.project);
      }
      await mkdir(folderOf(job.id).path, { recursive: true });
      // It may have been begun already: what is told is how it stands.
      tell(await known(job.id));
      return job;
    },

    async cancel(id) {
      await known(id);
      const ended = new Date().toISOString();
      const cancelled = await store.change(id, activeStates, { state: 'cancelled', ended, progress: null });
      if (cancelled === undefined) {
        throw new TrainingError('job-ended', `Job ${id} has ended already. There is nothing to cancel.`);
      }
      tell(cancelled);
      await worker?.left(id);
      return (await known(id)).job;
    },

    async resume(id) {
      const record = await known(id);
      const { labelStudio, project } = record.job;
      const stage = await whereToGoOn(record, folderOf(id));
      const queued = await store.queueAgain(id, ['interrupted', 'failed', 'cancelled'], {
        stage,
        queued: new Date().toISOString(),
        ended: null,
        error: null,
        restarts: 0,
      });
      if (queued === undefined) {
        await refuseSecond(store, labelStudio, project);
        throw new TrainingError(
          'job-not-resumable',
          `Job ${id} is ${(await known(id)).job.state}: there is nothing to go on with. Start a new training instead.`,
        );
      }
      await mkdir(folderOf(id).path, { recursive: true });
      return tell(queued);
    },

    async remove(id) {
      await known(id);
      await worker?.left(id);
      if (!(await removeJob(home, store, id))) {
        throw new TrainingError(
          'job-running',
          `Job ${id} is not over yet. Cancel it, wait until it has stopped, and remove it then.`,
        );
      }
    },

    async newestModel(project) {
      return (await store.models(await labelStudioName(access), project))[0] ?? null;
    },
    list: async () => (await store.list()).map(({ job }) => job),
    get: async (id) => (await store.get(id))?.job,
    events: (id, after, signal) => jobEvents(id, folderOf(id), after, { store, changes, signal }),

    async log(id, from) {
      const { job } = await known(id);
      return readLog(folderOf(job.id).log, from);
    },

    subscribe: (listener) => watcher.subscribe(listener),

    async close() {
      await worker?.close();
      await watcher.close();
      database.close();
    },
  };
}

async function refuseSecond(store: JobStore, labelStudio: string, project: number): Promise<void> {
  const other = await store.active(labelStudio, project);
  if (other === undefined) return;
  throw new TrainingError(
    'job-running',
    `Project ${project} is being trained already, by job ${other.job.id}. Wait until it has ended, or cancel it.`,
  );
}

function invalid(issue: v.InferIssue<typeof trainRequestSchema>): TrainingError {
  const where = v.getDotPath(issue) ?? 'the request';
  return new TrainingError('request-invalid', `This training cannot be started: ${where}: ${issue.message}.`);
}

/** Sorts by time; a file name everywhere. `now`: ISO 8601. */
function newId(now: string): string {
  return `${now.replace(/[-:.Z]/gu, '')}-${randomBytes(3).toString('hex')}`;
}
