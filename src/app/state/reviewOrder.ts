import type { ReviewTable } from './reviewTable.ts';

/** How the images of the review are sorted. */
export type ReviewOrder = 'uncertain' | 'lowest' | 'run';

/**
 * How unsure the model is about an image: the distance of its most doubtful box from the threshold, 0..1.
 * 1 without any detection: there is nothing to doubt.
 */
export function certainty(scores: Float64Array, threshold: number): number {
  let least = 1;
  for (const score of scores) least = Math.min(least, Math.abs(score - threshold));
  return least;
}

/** The lowest score that is shown; 2 when no box is. */
function lowestShown(scores: Float64Array, threshold: number): number {
  let least = 2;
  for (const score of scores) if (score >= threshold) least = Math.min(least, score);
  return least;
}

/** The keys of the done rows, sorted; equal ones keep the order of the run. */
export function sortedKeys(table: ReviewTable, order: ReviewOrder, threshold: number): readonly string[] {
  const rows = new Uint32Array(table.doneCount);
  let n = 0;
  for (let row = 0; row < table.size; row++) if (table.isDone(row)) rows[n++] = row;
  if (order !== 'run') {
    const rank = order === 'uncertain' ? certainty : lowestShown;
    // Once a row, and not once a comparison.
    const ranks = new Float64Array(table.size);
    for (const row of rows) ranks[row] = rank(table.scoresOf(row), threshold);
    rows.sort((a, b) => (ranks[a] ?? 0) - (ranks[b] ?? 0) || a - b);
  }
  return Array.from(rows, (row) => table.keyOf(row));
}
