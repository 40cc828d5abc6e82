/** What Label Studio sends to an ML backend, as far as we use it. Nothing else of a payload is kept or logged: it holds secrets. */
import * as v from 'valibot';

/** '<id>.<seconds of its creation>', or the bare id. */
const projectSchema = v.pipe(
  v.union([v.string(), v.number()]),
  v.transform((project) => Number(/^([1-9]\d{0,14})(?:\.\d+)?$/u.exec(String(project))?.[1] ?? Number.NaN)),
  v.number(),
);

const taskSchema = v.object({
  id: v.pipe(v.number(), v.safeInteger()),
  data: v.record(v.string(), v.unknown()),
});
export type PredictTask = v.InferOutput<typeof taskSchema>;

export const setupSchema = v.object({ project: projectSchema });
export const trainSchema = v.object({ project: projectSchema });

export const predictSchema = v.object({
  project: v.nullish(projectSchema, null),
  label_config: v.nullish(v.string(), ''),
  // One bad task must not cost the others their prediction: null in its place.
  tasks: v.pipe(v.array(v.fallback(v.nullable(taskSchema), null)), v.minLength(1)),
});
export type PredictRequest = v.InferOutput<typeof predictSchema>;

const annotationSchema = v.object({ was_cancelled: v.nullish(v.boolean(), false) });

export const webhookSchema = v.object({
  action: v.string(),
  project: v.optional(v.object({ id: v.pipe(v.number(), v.safeInteger(), v.minValue(1)) })),
  /** A list for the plural actions. */
  annotation: v.optional(v.union([v.array(annotationSchema), annotationSchema])),
  /** Of ANNOTATIONS_DELETED. */
  annotations: v.optional(v.array(v.unknown())),
});
export type Webhook = v.InferOutput<typeof webhookSchema>;

/** Annotations that an event made, changed or deleted, without those that were skipped; null: it is no such event. */
export function changedAnnotations({ action, annotation, annotations }: Webhook): number | null {
  if (!/^ANNOTATIONS?_(?:CREATED|UPDATED|DELETED)$/u.test(action)) return null;
  if (action.endsWith('_DELETED')) return annotations?.length ?? 1;
  const list = annotation === undefined ? [] : Array.isArray(annotation) ? annotation : [annotation];
  return list.filter(({ was_cancelled: skipped }) => !skipped).length;
}
