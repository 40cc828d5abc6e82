import { probability, sigmoid } from './activation.ts';
import { selectCandidates, type Candidates } from './candidates.ts';
import { requireFinite, type HeadLevel } from './heads.ts';
import type { Manifest } from './manifest.ts';
import type { ResizePlan } from './types.ts';

/** Boxes before NMS, in MMDetection's order: level by level, by descending class probability. */
export interface Boxes {
  readonly count: number;
  /** x1, y1, x2, y2 of each box, float32, in pixels of the upright image. */
  readonly corners: Float32Array;
  /** Final scores, float32, 0..1. */
  readonly scores: Float32Array;
  readonly labels: Uint16Array;
}

/**
 * Candidates to boxes in the image. Source: MMDetection 3.x `dense_heads/base_dense_head.py`
 * (`_predict_by_feat_single`, `_bbox_post_process` up to NMS), `structures/bbox/transforms.py`
 * (`distance2bbox`, `scale_boxes`) and `task_modules/prior_generators/point_generator.py`, step by step in
 * float32: point (i + 0.5) * stride; point -/+ distance; clamp to the resized, unpadded size; times
 * float32(1 / scale); score; drop boxes not wider and higher than `minBoxSize`.
 *
 * Score rules. 'cls*centerness' is MMDetection's: the threshold has been applied to the class probability,
 * and the product is not compared with it again. 'sqrt(cls*centerness)' takes the root of that product and
 * leaves threshold and top-k where they are: AdelaiDet's default threshold. torchvision thresholds after
 * the root; for such a model the manifest's threshold has to be set lower and the results filtered.
 *
 * Throws `HeadsError` when an output is not finite.
 */
export function decode(levels: readonly HeadLevel[], plan: ResizePlan, manifest: Manifest): Boxes {
  const selected = levels.map((level) => {
    requireFinite(level.bbox, 'box');
    requireFinite(level.centerness, 'centerness');
    return { level, candidates: selectCandidates(level, manifest) };
  });
  const most = selected.reduce((sum, { candidates }) => sum + candidates.count, 0);
  const corners = new Float32Array(most * 4);
  const scores = new Float32Array(most);
  const labels = new Uint16Array(most);

  let count = 0;
  for (const { level, candidates } of selected) {
    const from = {
      corners: corners.subarray(count * 4),
      scores: scores.subarray(count),
      labels: labels.subarray(count),
    };
    count += decodeLevel(level, candidates, plan, manifest, from);
  }
  return {
    count,
    corners: corners.subarray(0, count * 4),
    scores: scores.subarray(0, count),
    labels: labels.subarray(0, count),
  };
}

/** Writes the level's boxes to the front of `out` and returns how many. */
function decodeLevel(
  level: HeadLevel,
  candidates: Candidates,
  plan: ResizePlan,
  manifest: Manifest,
  out: Omit<Boxes, 'count'>,
): number {
  const { stride, columns, bbox, centerness } = level;
  const { minBoxSize, scoreRule } = manifest.postprocess;
  const activate = manifest.outputs.centerness === 'logits' ? sigmoid : probability;
  const unit = manifest.outputs.bbox === 'strides' ? stride : 1;
  const locations = level.rows * columns;
  const classes = manifest.classes.length;
  const backX = Math.fround(1 / plan.scaleX);
  const backY = Math.fround(1 / plan.scaleY);
  const smallest = Math.fround(minBoxSize);

  let count = 0;
  for (let i = 0; i < candidates.count; i++) {
    const id = candidates.ids[i] ?? 0;
    const location = Math.trunc(id / classes);
    const row = Math.trunc(location / columns);
    const px = (location - row * columns + 0.5) * stride;
    const py = (row + 0.5) * stride;
    const left = Math.fround((bbox[location] ?? 0) * unit);
    const top = Math.fround((bbox[location + locations] ?? 0) * unit);
    const right = Math.fround((bbox[location + 2 * locations] ?? 0) * unit);
    const bottom = Math.fround((bbox[location + 3 * locations] ?? 0) * unit);

    const x1 = Math.fround(clamp(Math.fround(px - left), plan.width) * backX);
    const y1 = Math.fround(clamp(Math.fround(py - top), plan.height) * backY);
    const x2 = Math.fround(clamp(Math.fround(px + right), plan.width) * backX);
    const y2 = Math.fround(clamp(Math.fround(py + bottom), plan.height) * backY);
    // MMDetection skips this filter when min_bbox_size is negative.
    if (smallest >= 0 && !(Math.fround(x2 - x1) > smallest && Math.fround(y2 - y1) > smallest)) continue;

    out.corners[4 * count] = x1;
    out.corners[4 * count + 1] = y1;
    out.corners[4 * count + 2] = x2;
    out.corners[4 * count + 3] = y2;
    const product = Math.fround((candidates.scores[i] ?? 0) * activate(centerness[location] ?? 0));
    out.scores[count] = scoreRule === 'cls*centerness' ? product : Math.sqrt(product);
    out.labels[count] = id - location * classes;
    count++;
  }
  return count;
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most);
}
