/**
 * The relay's own interface for training, under `/api`. JSON both ways; a refusal is `ApiProblem` with a 4xx.
 * What changes something needs the installation's secret: the page gets it as a cookie, programs send it as
 * `Authorization: Bearer`.
 *
 * | route                              | answer                                                       |
 * | ---------------------------------- | ------------------------------------------------------------ |
 * | GET  /api/training                 | `TrainingStatus`                                             |
 * | PUT  /api/label-studio             | takes `{url, token}`, checks and keeps them: `LabelStudioStatus` |
 * | DELETE /api/label-studio           | forgets them: 204                                            |
 * | GET  /api/jobs                     | `{jobs: Job[]}`, newest first                                |
 * | POST /api/jobs                     | takes a `TrainRequestInput`: 201 `Job`                       |
 * | GET  /api/jobs/:id                 | `Job`                                                        |
 * | POST /api/jobs/:id/cancel, resume  | `Job`                                                        |
 * | DELETE /api/jobs/:id               | an ended job and its folder: 204                             |
 * | GET  /api/jobs/:id/events          | server-sent `TrainingEvent`s from the first (or Last-Event-ID) on |
 * | GET  /api/jobs/:id/log?from=BYTE   | text/plain, the log from there on (at most 256 kB)           |
 * | GET  /api/events                   | server-sent `RelayEvent`s of all jobs, from now on           |
 * | GET, PATCH /api/projects/:id       | `ProjectSettings`                                            |
 * | GET  /api/projects/:id/backend     | `BackendStatus`: is this relay a model of the project?       |
 * | POST /api/projects/:id/backend     | connects it in Label Studio, webhook headers included: `BackendStatus` |
 * | PUT  /api/results                  | `{results: StoredResult[]}` of the page, for /predict: 204   |
 */
import * as v from 'valibot';
import { executors, jobSchema, presets } from './job.ts';

export const apiProblemSchema = v.object({ error: v.object({ code: v.string(), message: v.string() }) });
export type ApiProblem = v.InferOutput<typeof apiProblemSchema>;

export const labelStudioStatusSchema = v.object({
  /** Null: the relay knows no Label Studio yet. */
  url: v.nullable(v.string()),
  /** Whether the relay keeps a token for it. The token itself never leaves the relay. */
  hasToken: v.boolean(),
});
export type LabelStudioStatus = v.InferOutput<typeof labelStudioStatusSchema>;

export const trainingStatusSchema = v.object({
  labelStudio: labelStudioStatusSchema,
  /** 'missing' is no error: the first job installs it (some minutes, once). */
  trainer: v.picklist(['ready', 'missing']),
  executor: v.picklist(executors),
  presets: v.array(v.object({ name: v.picklist(presets), epochs: v.number(), about: v.string() })),
});
export type TrainingStatus = v.InferOutput<typeof trainingStatusSchema>;

export const jobListSchema = v.object({ jobs: v.array(jobSchema) });

/** What the relay remembers for one project of its Label Studio. */
export const projectSettingsSchema = v.object({
  /** Model version that /setup and /predict use; null: the project's newest, else the bundled one. */
  model: v.nullable(v.string()),
  /** Train by itself after this many new or changed annotations; 0: never. */
  trainEvery: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000_000)),
  /** Annotations since the last training, as the webhooks told. */
  annotations: v.number(),
  /** Boxes with a lower score are not given to Label Studio. */
  threshold: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  /** Open pages take a new model without asking. */
  takeNewModel: v.boolean(),
});
export type ProjectSettings = v.InferOutput<typeof projectSettingsSchema>;

export const projectSettingsPatchSchema = v.partial(
  v.strictObject({
    model: projectSettingsSchema.entries.model,
    trainEvery: projectSettingsSchema.entries.trainEvery,
    threshold: projectSettingsSchema.entries.threshold,
    takeNewModel: projectSettingsSchema.entries.takeNewModel,
  }),
);
export type ProjectSettingsPatch = v.InferOutput<typeof projectSettingsPatchSchema>;

export const backendStatusSchema = v.object({
  /** 'blocked': Label Studio refuses private addresses; `message` says which two settings to change. */
  state: v.picklist(['connected', 'incomplete', 'absent', 'blocked']),
  /** The relay's address as Label Studio is to call it. */
  url: v.string(),
  message: v.nullable(v.string()),
});
export type BackendStatus = v.InferOutput<typeof backendStatusSchema>;

export const relayEventSchema = v.variant('type', [
  v.object({ type: v.literal('job'), job: jobSchema }),
  /** A model came into being; `project` is the one it was trained for. */
  v.object({ type: v.literal('model'), version: v.string(), project: v.number(), take: v.boolean() }),
]);
export type RelayEvent = v.InferOutput<typeof relayEventSchema>;

/** JSON can say 1e999, which is kept as nothing. */
const finite = v.pipe(v.number(), v.finite());
const id = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** Raw detections that the page has made, for one task and one model version. */
export const storedResultSchema = v.strictObject({
  project: id,
  task: id,
  modelVersion: v.pipe(v.string(), v.maxLength(200)),
  /** Field of the task that holds the image, for tasks with several; left out: whichever is asked for. */
  field: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(200))),
  width: finite,
  height: finite,
  detections: v.pipe(
    v.array(
      v.strictObject({
        ...{ x1: finite, y1: finite, x2: finite, y2: finite, score: finite },
        label: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
      }),
    ),
    // No detector finds as many; the table that keeps them is bounded by its rows.
    v.maxLength(10_000),
  ),
});
export type StoredResult = v.InferOutput<typeof storedResultSchema>;
