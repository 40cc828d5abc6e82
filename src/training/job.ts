/** A training job as the relay keeps it, and as the page and the command line see it. */
import * as v from 'valibot';

/** In the order in which a job passes them; the last four are ends, of which 'interrupted' can be resumed. */
export const jobStates = [
  'queued',
  'collecting',
  'training',
  'evaluating',
  'exporting',
  'done',
  'failed',
  'cancelled',
  'interrupted',
] as const;
export type JobState = (typeof jobStates)[number];

export const jobStateSchema = v.picklist(jobStates);

/** COCO metrics in 0..1: AP (IoU 0.50:0.95), AP50, AP75, APs, APm, APl, AR. */
export const metricsSchema = v.record(v.string(), v.number());
export type Metrics = v.InferOutput<typeof metricsSchema>;

export const presets = ['default', 'quick', 'thorough'] as const;
export type Preset = (typeof presets)[number];

export const executors = ['local', 'torchrun', 'ray'] as const;
export type ExecutorKind = (typeof executors)[number];

/** Name of a model, the manifest's own rule. */
const modelNameSchema = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u));

/** What is asked for; everything but the project has a default. */
export const trainRequestSchema = v.strictObject({
  /** Number of the Label Studio project. */
  project: v.pipe(v.number(), v.integer(), v.minValue(1)),
  preset: v.optional(v.picklist(presets), 'default'),
  /** Overrides the preset's. */
  epochs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000))),
  /** Model to start from, by version or name; default: the newest of this project, else the bundled one. */
  base: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(200))),
  /** Name of the new model; default: from the project's title. */
  name: v.optional(modelNameSchema),
  /** RectangleLabels tag, where the project has several. */
  control: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(200))),
  /** Default: the setting. */
  executor: v.optional(v.picklist(executors)),
});
export type TrainRequest = v.InferOutput<typeof trainRequestSchema>;
export type TrainRequestInput = v.InferInput<typeof trainRequestSchema>;

/** Who asked for a job. */
export const triggers = ['person', 'label-studio', 'automatic'] as const;
export type Trigger = (typeof triggers)[number];

/** What was collected from Label Studio. */
export const datasetInfoSchema = v.object({
  /** Annotated tasks that were used; `train + val`. */
  tasks: v.number(),
  train: v.number(),
  val: v.number(),
  boxes: v.number(),
  /** Tasks submitted without a box, kept as negatives. */
  negatives: v.number(),
  /** In class order, with the number of boxes. */
  classes: v.array(v.object({ name: v.string(), boxes: v.number() })),
  /** Classes that the base model lacks: added to the head. */
  newClasses: v.array(v.string()),
  /** Classes of the base model that the project does not label: left out of the new model. */
  droppedClasses: v.array(v.string()),
  /** SHA-256 of the training set's COCO file. */
  sha256: v.string(),
});
export type DatasetInfo = v.InferOutput<typeof datasetInfoSchema>;

/** Where a job stands within its state. */
export const jobProgressSchema = v.object({
  /** Present tense, for people: 'Fetching images', 'Installing MMDetection (once)'. */
  step: v.string(),
  done: v.number(),
  total: v.number(),
  epoch: v.optional(v.number()),
  epochs: v.optional(v.number()),
  /** Of this state, in seconds. */
  secondsLeft: v.nullable(v.number()),
});
export type JobProgress = v.InferOutput<typeof jobProgressSchema>;

export const jobNoteSchema = v.object({ code: v.string(), message: v.string() });
export type JobNote = v.InferOutput<typeof jobNoteSchema>;

const time = v.nullable(v.string());

export const jobSchema = v.object({
  /** Sorts by time of creation. */
  id: v.string(),
  state: jobStateSchema,
  trigger: v.picklist(triggers),
  /** Address of Label Studio by its one name (`addressName`): this machine is always `localhost`. */
  labelStudio: v.string(),
  project: v.number(),
  projectTitle: v.string(),
  request: trainRequestSchema,
  executor: v.picklist(executors),
  epochs: v.number(),
  /** Model version that the training starts from. */
  base: v.string(),
  /** Model version that came out, once it is registered. */
  model: v.nullable(v.string()),
  /** Both on the same validation images; null until measured, or where there are none. */
  metrics: v.object({ base: v.nullable(metricsSchema), new: v.nullable(metricsSchema) }),
  dataset: v.nullable(datasetInfoSchema),
  progress: v.nullable(jobProgressSchema),
  /** Things the user should know that did not stop the job. */
  notes: v.array(jobNoteSchema),
  /** Why it failed or was interrupted. */
  error: v.nullable(jobNoteSchema),
  /** How often it was started; more than 1 after a resume. */
  attempts: v.number(),
  /** ISO 8601. */
  created: v.string(),
  started: time,
  ended: time,
});
export type Job = v.InferOutput<typeof jobSchema>;

const ends: ReadonlySet<JobState> = new Set(['done', 'failed', 'cancelled', 'interrupted']);

/** Whether nothing more happens to a job by itself. */
export const isEnded = ({ state }: Pick<Job, 'state'>): boolean => ends.has(state);

/** Whether a person may ask for it to go on from where it stopped. */
export const isResumable = ({ state }: Pick<Job, 'state'>): boolean =>
  state === 'interrupted' || state === 'failed' || state === 'cancelled';
