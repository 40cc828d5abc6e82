import type { Detection } from '../detector/types.ts';

/** One image and what was found in it, as the writers take it. */
export interface ImageDetections {
  /** Path or name as the user knows it, e.g. 'birds/1.jpg'. */
  readonly file: string;
  /** What Label Studio is to load for it; default: `file`. */
  readonly url?: string;
  /** Pixels of the upright image; 0 with an error. */
  readonly width: number;
  readonly height: number;
  readonly detections: readonly Detection[];
  /** Milliseconds by step; only 'jsonl' writes them. */
  readonly timings?: Readonly<Record<string, number>> | null;
  readonly error?: { readonly code: string; readonly message: string } | null;
}

/** The same images without the detections whose score is lower than `threshold` (0..1). */
export async function* aboveThreshold(
  images: Iterable<ImageDetections> | AsyncIterable<ImageDetections>,
  threshold: number,
): AsyncGenerator<ImageDetections> {
  for await (const image of images) {
    yield { ...image, detections: image.detections.filter((detection) => detection.score >= threshold) };
  }
}
