/** What happens to a job, one line of JSON each in its folder, and one server-sent event each on the wire. */
import * as v from 'valibot';
import { jobNoteSchema, jobSchema, metricsSchema } from './job.ts';

/** A point of the plots. `losses` holds the parts: cls, bbox, centerness. */
export const lossPointSchema = v.object({
  type: v.literal('loss'),
  epoch: v.number(),
  epochs: v.number(),
  iteration: v.number(),
  iterations: v.number(),
  loss: v.nullable(v.number()),
  losses: v.record(v.string(), v.nullable(v.number())),
  lr: v.number(),
  secondsLeft: v.nullable(v.number()),
});
export type LossPoint = v.InferOutput<typeof lossPointSchema>;

/** Metrics on the validation images: after an epoch of the training, or of the base and the new model at the end. */
export const evaluatedSchema = v.object({
  type: v.literal('evaluated'),
  of: v.picklist(['epoch', 'base', 'new']),
  epoch: v.nullable(v.number()),
  metrics: metricsSchema,
});
export type Evaluated = v.InferOutput<typeof evaluatedSchema>;

export const noteEventSchema = v.object({ type: v.literal('note'), ...jobNoteSchema.entries });
/** The job as it is now: state, progress, error. */
export const jobEventSchema = v.object({ type: v.literal('job'), job: jobSchema });

export const eventSchema = v.variant('type', [
  lossPointSchema,
  evaluatedSchema,
  noteEventSchema,
  jobEventSchema,
]);
export type TrainingEvent = v.InferOutput<typeof eventSchema>;

/** As kept and sent: `seq` counts from 1 within a job and is the id of the server-sent event. */
export interface NumberedEvent {
  readonly seq: number;
  /** ISO 8601. */
  readonly time: string;
  readonly event: TrainingEvent;
}
