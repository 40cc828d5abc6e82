/** A job as the database keeps it: what everybody sees, and what its worker needs to go on after a death. */
import type { InValue, Row } from '@libsql/client';
import * as v from 'valibot';
import {
  datasetInfoSchema,
  jobNoteSchema,
  jobProgressSchema,
  jobSchema,
  metricsSchema,
  trainRequestSchema,
  type Job,
} from '../../training/job.ts';
import type { CollectedDataset } from './contracts.ts';

export const stepNames = ['train', 'evaluate-base', 'evaluate-new', 'export'] as const;
export type StepName = (typeof stepNames)[number];

/** The states in which somebody works on a job, in their order. */
export const workingStates = ['collecting', 'training', 'evaluating', 'exporting'] as const;
export type WorkingState = (typeof workingStates)[number];

/** A run of the trainer that was begun. `handle` is null from just before its start until just after. */
const stepSchema = v.object({
  name: v.picklist(stepNames),
  /** Numbers the files of this run: 1, 2, ... */
  attempt: v.number(),
  handle: v.nullable(v.record(v.string(), v.union([v.string(), v.number()]))),
});
export type Step = v.InferOutput<typeof stepSchema>;

export interface JobRecord {
  readonly job: Job;
  /** Since when it waits (ISO 8601): the order of the queue. */
  readonly queued: string;
  /** The working state in which it goes on when it is taken from the queue. */
  readonly stage: WorkingState;
  readonly collected: CollectedDataset | null;
  readonly step: Step | null;
  /** How often a step was started again by itself, since a person last asked for the job. */
  readonly restarts: number;
  /** Grows with every change of any job. */
  readonly revision: number;
}

/** What may be changed of a job once it exists. */
export type JobPatch = Partial<
  Pick<
    Job,
    | 'state'
    | 'model'
    | 'metrics'
    | 'progress'
    | 'notes'
    | 'error'
    | 'attempts'
    | 'epochs'
    | 'started'
    | 'ended'
  > &
    Pick<JobRecord, 'queued' | 'stage' | 'collected' | 'step' | 'restarts'>
>;

const json = <Schema extends v.GenericSchema>(schema: Schema) => v.pipe(v.string(), v.parseJson(), schema);
const source = v.object({ annotations: v.string(), images: v.string() });
const collectedSchema = v.object({
  info: datasetInfoSchema,
  classes: v.array(v.string()),
  train: source,
  val: v.nullable(source),
  notes: v.array(jobNoteSchema),
});

const rowSchema = v.object({
  ...v.pick(jobSchema, ['id', 'state', 'trigger', 'project', 'executor', 'epochs', 'base', 'model']).entries,
  ...v.pick(jobSchema, ['attempts', 'created', 'started', 'ended']).entries,
  label_studio: v.string(),
  project_title: v.string(),
  request: json(trainRequestSchema),
  base_metrics: v.nullable(json(metricsSchema)),
  new_metrics: v.nullable(json(metricsSchema)),
  collected: v.nullable(json(collectedSchema)),
  progress: v.nullable(json(jobProgressSchema)),
  notes: json(v.array(jobNoteSchema)),
  error: v.nullable(json(jobNoteSchema)),
  queued: v.string(),
  stage: v.picklist(workingStates),
  step: v.nullable(json(stepSchema)),
  restarts: v.number(),
  revision: v.number(),
});

/** Throws `ValiError` for a row that no version of this program wrote. */
export function readRow(row: Row): JobRecord {
  const {
    label_studio: labelStudio,
    project_title: projectTitle,
    base_metrics: base,
    new_metrics: fresh,
    collected,
    queued,
    stage,
    step,
    restarts,
    revision,
    ...rest
  } = v.parse(rowSchema, { ...row });
  const dataset = collected?.info ?? null;
  const job: Job = { ...rest, labelStudio, projectTitle, metrics: { base, new: fresh }, dataset };
  return { job, queued, stage, collected, step, restarts, revision };
}

const jsonColumns = new Set(['collected', 'progress', 'notes', 'error', 'step', 'request']);

/** Columns and their values. */
export function patchColumns({ metrics, ...patch }: JobPatch): readonly (readonly [string, InValue])[] {
  const columns = Object.entries(patch).map(([name, value]): [string, InValue] => [
    name,
    jsonColumns.has(name) ? asJson(value) : (value as InValue),
  ]);
  if (metrics === undefined) return columns;
  return [...columns, ['base_metrics', asJson(metrics.base)], ['new_metrics', asJson(metrics.new)]];
}

/** The columns of a job that has just been asked for. */
export function newRow({
  job,
  queued,
}: Pick<JobRecord, 'job' | 'queued'>): readonly (readonly [string, InValue])[] {
  return [
    ['id', job.id],
    ['state', job.state],
    ['trigger', job.trigger],
    ['label_studio', job.labelStudio],
    ['project', job.project],
    ['project_title', job.projectTitle],
    ['request', asJson(job.request)],
    ['executor', job.executor],
    ['epochs', job.epochs],
    ['base', job.base],
    ['created', job.created],
    ['queued', queued],
  ];
}

const asJson = (value: unknown): string | null =>
  value === null || value === undefined ? null : JSON.stringify(value);
