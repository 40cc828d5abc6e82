import type { ItemResult } from '../../store/types.ts';

/** How the images of the review are sorted. */
export type ReviewOrder = 'uncertain' | 'lowest' | 'run';

/**
 * How unsure the model is about an image: the distance of its most doubtful box from the threshold, 0..1.
 * 1 without any detection: there is nothing to doubt.
 */
export function certainty(result: ItemResult, threshold: number): number {
  return result.detections.reduce((least, { score }) => Math.min(least, Math.abs(score - threshold)), 1);
}

/** The lowest score that is shown; 2 when no box is. */
function lowestShown(result: ItemResult, threshold: number): number {
  return result.detections.reduce(
    (least, { score }) => (score >= threshold ? Math.min(least, score) : least),
    2,
  );
}

/** Sorted copy; equal ones keep the order of the run. */
export function sortResults(
  results: readonly ItemResult[],
  order: ReviewOrder,
  threshold: number,
): readonly ItemResult[] {
  if (order === 'run') return results;
  const rank = order === 'uncertain' ? certainty : lowestShown;
  return results
    .map((result) => ({ result, rank: rank(result, threshold) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ result }) => result);
}
