import { iou, type Box } from './samples.ts';

export interface ScoredBox {
  readonly box: Box;
  readonly score: number;
  readonly label: string;
}

export interface Agreement {
  /** Boxes of either side at or above the floor, those that both have counted once. */
  readonly boxes: number;
  /** Those of them with a twin: same class, score within 1e-3, IoU of at least 0.99. */
  readonly agreeing: number;
  /** Images whose boxes come in the same order of classes. */
  readonly sameOrder: number;
  /** Of the pairs that are each other's nearest box. */
  readonly worstScore: number;
  readonly worstIou: number;
}

/**
 * How far two detectors agree. A box at or above `floor` on one side looks for its twin among all of the other side's,
 * so that a score which crosses the floor by a rounding is no disagreement; each twin serves one box.
 */
export function compareBoxes(
  expected: ReadonlyMap<string, readonly ScoredBox[]>,
  got: ReadonlyMap<string, readonly ScoredBox[]>,
  floor: number,
): Agreement {
  const total = { boxes: 0, agreeing: 0, sameOrder: 0, worstScore: 0, worstIou: 1 };
  for (const [image, theirs] of expected) {
    const ours = got.get(image) ?? [];
    const free = new Set(ours);
    for (const wanted of theirs.filter(({ score }) => score >= floor)) {
      total.boxes += 1;
      const twin = nearest(wanted, [...free]);
      if (twin === undefined) continue;
      free.delete(twin.found);
      total.worstScore = Math.max(total.worstScore, Math.abs(twin.found.score - wanted.score));
      total.worstIou = Math.min(total.worstIou, twin.overlap);
      if (Math.abs(twin.found.score - wanted.score) <= 1e-3 && twin.overlap >= 0.99) total.agreeing += 1;
    }
    // What only we found.
    const theirFloor = floor + 1e-3;
    total.boxes += [...free].filter(({ score }) => score >= theirFloor).length;
    const order = (boxes: readonly ScoredBox[]) =>
      boxes
        .filter(({ score }) => score >= floor)
        .map(({ label }) => label)
        .join(' ');
    if (order(theirs) === order(ours)) total.sameOrder += 1;
  }
  return total;
}

function nearest(
  wanted: ScoredBox,
  among: readonly ScoredBox[],
): { readonly found: ScoredBox; readonly overlap: number } | undefined {
  let best: { found: ScoredBox; overlap: number } | undefined;
  for (const found of among) {
    if (found.label !== wanted.label) continue;
    const overlap = iou(wanted.box, found.box);
    if (overlap > (best?.overlap ?? 0)) best = { found, overlap };
  }
  return best;
}
