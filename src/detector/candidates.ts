import { probability, rawFloor, sigmoid } from './activation.ts';
import { notFinite, type HeadLevel } from './heads.ts';
import type { Manifest } from './manifest.ts';
import { keepBest, sortByScore } from './order.ts';
import { nextSuspect, suspicion } from './suspects.ts';

/** (location, class) pairs of one level, by descending class probability. */
export interface Candidates {
  readonly count: number;
  /** location * classes + class: MMDetection's flat order, and its tie-break. */
  readonly ids: Uint32Array;
  /** Class probability before centerness; the first `count` count. */
  readonly scores: Float32Array;
}

/**
 * The pairs whose class probability is strictly greater than the threshold, best first, at most `nmsPre`.
 * Centerness plays no part. Source: MMDetection 3.x `models/utils/misc.py::filter_scores_and_topk`.
 *
 * Throws `HeadsError` when a class output is not finite.
 */
export function selectCandidates(level: HeadLevel, manifest: Manifest): Candidates {
  const found = pairsAbove(level, manifest);
  const kept = keepBest(found.scores, found.ids, found.count, manifest.postprocess.nmsPre);
  sortByScore(found.scores, found.ids, kept);
  return { ...found, count: Math.min(kept, manifest.postprocess.nmsPre) };
}

function pairsAbove(level: HeadLevel, manifest: Manifest): Candidates {
  const { cls } = level;
  const classes = manifest.classes.length;
  const locations = level.rows * level.columns;
  // torch compares a float32 tensor with a Python number in float32.
  const threshold = Math.fround(manifest.postprocess.scoreThreshold);
  const activate = manifest.outputs.cls === 'logits' ? sigmoid : probability;
  const floor = rawFloor(threshold, manifest.outputs.cls);
  const limit = suspicion(floor);

  const bits = new Int32Array(cls.buffer, cls.byteOffset, cls.length);
  let ids = new Uint32Array(1024);
  let scores = new Float32Array(1024);
  let count = 0;
  for (let at = nextSuspect(bits, 0, limit); at < bits.length; at = nextSuspect(bits, at + 1, limit)) {
    const raw = cls[at] ?? 0;
    if (raw <= floor && raw !== -Infinity) continue;
    if (!Number.isFinite(raw)) throw notFinite('class');
    const score = activate(raw);
    if (score <= threshold) continue;
    if (count === ids.length) {
      ids = grown(ids, new Uint32Array(2 * count));
      scores = grown(scores, new Float32Array(2 * count));
    }
    const label = Math.trunc(at / locations);
    ids[count] = (at - label * locations) * classes + label;
    scores[count] = score;
    count++;
  }
  return { count, ids, scores };
}

function grown<T extends Uint32Array | Float32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
