import * as v from 'valibot';
import type { Api } from './api.ts';
import { idAfter, numberFilter, readTaskPage } from './taskPages.ts';
import type { AnnotatedTask, Annotation } from './types.ts';

const annotationSchema = v.object({
  id: v.number(),
  was_cancelled: v.nullish(v.boolean(), false),
  updated_at: v.nullish(v.string(), ''),
  // Asked for by name: an answer without it would make every task a negative.
  result: v.nullable(v.array(v.unknown())),
});
type StoredAnnotation = v.InferOutput<typeof annotationSchema>;

const annotatedTaskSchema = v.object({
  id: v.number(),
  data: v.optional(v.record(v.string(), v.unknown()), {}),
  annotations: v.array(annotationSchema),
});
const idSchema = v.object({ id: v.number() });

/**
 * Of the task, and of its annotations: Label Studio goes by one list for both. Without the inner names it gives
 * annotations that are only ids (1.23.2).
 */
const FIELDS = 'id,data,annotations,result,was_cancelled,updated_at';
/** Regions are many: 100 tasks of 20 boxes are 460 kB and take Label Studio a quarter of a second. */
const PAGE_SIZE = 50;

/** Skipped annotations are not counted by Label Studio here. */
const annotated = numberFilter('total_annotations', 'greater', 0);

/** Tasks with a submitted annotation, in id order; paged like `readTasks`, since people go on while we read. */
export async function* readAnnotated(
  api: Api,
  projectId: number,
  signal?: AbortSignal,
): AsyncGenerator<AnnotatedTask> {
  for (let after = 0; ;) {
    const filters = [annotated, idAfter(after)];
    const page = await readTaskPage(
      api,
      projectId,
      { filters },
      FIELDS,
      PAGE_SIZE,
      annotatedTaskSchema,
      signal,
    );
    for (const { id, data, annotations } of page.tasks) {
      const annotation = lastSubmitted(annotations);
      if (annotation !== null) yield { id, data, annotation };
    }
    const last = page.tasks.at(-1);
    if (last === undefined || page.total <= page.tasks.length) return;
    after = last.id;
  }
}

/** How many tasks have a submitted annotation. One request. */
export async function countAnnotated(api: Api, projectId: number, signal?: AbortSignal): Promise<number> {
  const page = await readTaskPage(api, projectId, { filters: [annotated] }, 'id', 1, idSchema, signal);
  return page.total;
}

/** Skips and drafts are no submission; of several people's annotations, the one that was touched last. */
function lastSubmitted(annotations: readonly StoredAnnotation[]): Annotation | null {
  const submitted = annotations.filter((each) => !each.was_cancelled);
  const [last] = submitted.sort((a, b) => timeOf(b) - timeOf(a) || b.id - a.id);
  return last === undefined ? null : { id: last.id, result: last.result ?? [] };
}

function timeOf({ updated_at: time }: StoredAnnotation): number {
  return Date.parse(time) || 0;
}
