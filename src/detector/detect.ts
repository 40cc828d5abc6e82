import { decode } from './decode.ts';
import { headLevels } from './heads.ts';
import type { Manifest } from './manifest.ts';
import { nms } from './nms.ts';
import type { Detection, HeadTensors, ResizePlan } from './types.ts';

/**
 * Raw head tensors to detections: what MMDetection's `inference_detector` makes of the same tensors
 * (`predict_by_feat`, rescale, `batched_nms`), in the same order, which is by descending score.
 *
 * Boxes are in pixels of the upright image; rounding can put a right or bottom edge past the image by less
 * than a thousandth of its size's last digit, as in MMDetection. Scores can be below `scoreThreshold`,
 * which applies before centerness.
 *
 * Throws `HeadsError` when a tensor is missing, has the wrong shape or holds a value that is not finite.
 */
export function detectFromHeads(heads: HeadTensors, plan: ResizePlan, manifest: Manifest): Detection[] {
  const { corners, scores, labels } = decode(headLevels(heads, plan, manifest), plan, manifest);
  const { nms: rule, maxPerImage } = manifest.postprocess;
  const kept = nms(corners, scores, labels, {
    iouThreshold: rule.iouThreshold,
    classAgnostic: rule.classAgnostic,
    most: maxPerImage,
  });
  return Array.from(kept, (box) => ({
    x1: corners[box * 4] ?? 0,
    y1: corners[box * 4 + 1] ?? 0,
    x2: corners[box * 4 + 2] ?? 0,
    y2: corners[box * 4 + 3] ?? 0,
    score: scores[box] ?? 0,
    label: labels[box] ?? 0,
  }));
}
