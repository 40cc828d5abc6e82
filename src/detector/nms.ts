import { keepBest, sortByScore } from './order.ts';

export interface NmsOptions {
  /** A box goes when its IoU with a better kept box is strictly greater. */
  readonly iouThreshold: number;
  /** true: boxes of different classes suppress each other. */
  readonly classAgnostic: boolean;
  /** No more than this many boxes are kept. */
  readonly most: number;
}

/** From this many boxes on mmcv runs NMS class by class, even where it is class-agnostic. */
const SPLIT_AT = 10_000;

/** Mostly the hundred boxes that are kept are among the best thousand; the others are ranked when they are needed. */
const RANKED_FIRST = 1024;

/**
 * Greedy non-maximum suppression, mmcv's `batched_nms` of type 'nms' with offset 0.
 *
 * Boxes go by descending score, equal scores by position. Classes are kept apart as mmcv does it: box
 * coordinates move by label * (greatest coordinate + 1) in float32. IoU is float32 on the moved boxes, so
 * that rounding far from the origin is the same too.
 * Source: mmcv 2.x `ops/nms.py::batched_nms`, `ops/csrc/pytorch/cpu/nms.cpp`.
 *
 * @param corners x1, y1, x2, y2 of each box, float32.
 * @param scores 0..1, float32.
 * @param labels class index of each box.
 * @returns positions of the kept boxes, best first.
 */
export function nms(
  corners: Float32Array,
  scores: Float32Array,
  labels: Uint16Array,
  options: NmsOptions,
): Uint32Array {
  const count = scores.length;
  let order = ranked(scores, RANKED_FIRST);
  const moved = options.classAgnostic ? corners : moveApart(corners, labels);
  const groupOf = groups(corners, labels, options);
  const threshold = Math.fround(options.iouThreshold);
  const keptByGroup = new Map<number, KeptBoxes>();
  const kept: number[] = [];

  for (let rank = 0; rank < count && kept.length < options.most; rank++) {
    if (rank === order.length) order = ranked(scores, count);
    const candidate = order[rank] ?? 0;
    const group = groupOf(candidate);
    let rivals = keptByGroup.get(group);
    if (rivals === undefined) keptByGroup.set(group, (rivals = new KeptBoxes()));
    if (rivals.overlaps(moved, candidate * 4, threshold)) continue;
    rivals.add(moved, candidate * 4);
    kept.push(candidate);
  }
  return Uint32Array.from(kept);
}

/** Positions by descending score, equal scores by position: the first `wanted` or a few more. */
function ranked(scores: Float32Array, wanted: number): Uint32Array {
  const best = scores.slice();
  const order = new Uint32Array(best.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  const count = keepBest(best, order, best.length, wanted);
  sortByScore(best, order, count);
  return order.subarray(0, count);
}

/** mmcv's offset trick: `boxes + labels * (boxes.max() + 1)`, every step float32. */
function moveApart(corners: Float32Array, labels: Uint16Array): Float32Array {
  const step = Math.fround(greatest(corners) + 1);
  const moved = new Float32Array(corners.length);
  for (let i = 0; i < corners.length; i++) {
    moved[i] = (corners[i] ?? 0) + Math.fround((labels[i >> 2] ?? 0) * step);
  }
  return moved;
}

/**
 * Which boxes have to be compared at all. Boxes of different classes cannot touch after the move as long as
 * float32 still tells the gap of 1 between them, so comparing within a class gives the same result.
 */
function groups(corners: Float32Array, labels: Uint16Array, options: NmsOptions): (box: number) => number {
  const byLabel = (box: number) => labels[box] ?? 0;
  if (labels.length >= SPLIT_AT) return byLabel;
  if (options.classAgnostic) return () => 0;
  let lastLabel = 0;
  for (const label of labels) lastLabel = Math.max(lastLabel, label);
  const farthest = (lastLabel + 1) * (greatest(corners) + 1);
  return farthest < 2 ** 21 ? byLabel : () => 0; // below 2^21 neighbours are at most 1/8 apart
}

function greatest(values: Float32Array): number {
  let most = -Infinity;
  for (const value of values) most = Math.max(most, value);
  return most;
}

/** The kept boxes of a group, side by side for the inner loop. */
class KeptBoxes {
  #values = new Float32Array(5 * 16);
  #length = 0;

  add(corners: Float32Array, at: number): void {
    if (this.#length === this.#values.length) {
      const longer = new Float32Array(2 * this.#length);
      longer.set(this.#values);
      this.#values = longer;
    }
    this.#values.set(corners.subarray(at, at + 4), this.#length);
    this.#values[this.#length + 4] = area(corners, at);
    this.#length += 5;
  }

  /** Whether the box at `corners[at..at+3]` overlaps one of them by more than `threshold` (IoU). */
  overlaps(corners: Float32Array, at: number, threshold: number): boolean {
    const values = this.#values;
    const x1 = corners[at] ?? 0;
    const y1 = corners[at + 1] ?? 0;
    const x2 = corners[at + 2] ?? 0;
    const y2 = corners[at + 3] ?? 0;
    const own = area(corners, at);
    for (let k = 0; k < this.#length; k += 5) {
      const width = Math.fround(Math.min(x2, values[k + 2] ?? 0) - Math.max(x1, values[k] ?? 0));
      const height = Math.fround(Math.min(y2, values[k + 3] ?? 0) - Math.max(y1, values[k + 1] ?? 0));
      if (width <= 0 || height <= 0) continue;
      const inter = Math.fround(width * height);
      const union = Math.fround(Math.fround((values[k + 4] ?? 0) + own) - inter);
      if (Math.fround(inter / union) > threshold) return true;
    }
    return false;
  }
}

function area(corners: Float32Array, at: number): number {
  const width = Math.fround((corners[at + 2] ?? 0) - (corners[at] ?? 0));
  const height = Math.fround((corners[at + 3] ?? 0) - (corners[at + 1] ?? 0));
  return Math.fround(width * height);
}
