import type { ImageDetections } from '../formats/imageDetections.ts';
import type { Mapping } from '../labelstudio/types.ts';
import type { ItemResult, PredictionSink, Source } from '../prelabel/types.ts';

/** Where the images of a `predict` come from, and what becomes of the results besides --out. */
export interface Job {
  readonly source: Source;
  /** Present with --post. */
  readonly sink: PredictionSink | undefined;
  /** Class -> label for the format 'labelstudio'; null: every class by its own name. */
  readonly mapping: Mapping | null;
  /** Sentences for the user before it starts. */
  readonly notes: readonly string[];
  /** True when no image at all is as it should be: everything is done already. */
  readonly mayBeEmpty: boolean;
  /** What the writers call the image of a result. */
  nameOf(result: ItemResult): string;
}

/** A result as the writers take it; `task` is Label Studio's number of it, or null. */
export interface WrittenImage extends ImageDetections {
  readonly task: number | null;
}

/** Boxes with a score below `threshold` are left out. */
export function writtenImage(result: ItemResult, job: Job, threshold: number): WrittenImage {
  return {
    file: job.nameOf(result),
    task: result.taskId,
    width: result.width,
    height: result.height,
    detections: result.detections.filter(({ score }) => score >= threshold),
    timings: result.timings === null ? null : { ...result.timings },
    error: result.state === 'failed' ? result.error : null,
  };
}
