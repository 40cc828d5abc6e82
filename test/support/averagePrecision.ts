/** COCO's metrics by pycocotools, in the trainer's environment: an independent judge of what the product predicts. */
import { execa } from 'execa';
import * as v from 'valibot';
import { trainerPython } from '../../scripts/trainer-setup.mjs';
import type { PredictedBox } from './annotatedProject.ts';
import type { AnnotatedImage } from './drawnShapes.ts';

const PROGRAM = `
import contextlib, io, json, sys
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
data = json.load(sys.stdin)
with contextlib.redirect_stdout(io.StringIO()):
    truth = COCO(); truth.dataset = data['truth']; truth.createIndex()
    stats = [0.0] * 12
    if data['found']:
        evaluation = COCOeval(truth, truth.loadRes(data['found']), 'bbox')
        evaluation.evaluate(); evaluation.accumulate(); evaluation.summarize()
        stats = [float(x) for x in evaluation.stats]
json.dump({'AP': stats[0], 'AP50': stats[1], 'APs': stats[3], 'APm': stats[4], 'APl': stats[5]}, sys.stdout)
`;

const metricsSchema = v.object({
  AP: v.number(),
  AP50: v.number(),
  APs: v.number(),
  APm: v.number(),
  APl: v.number(),
});
export type CocoMetrics = v.InferOutput<typeof metricsSchema>;

/** `tasks[i]` is the task of `images[i]`; boxes of other tasks are left out. */
export async function averagePrecision(
  labels: readonly string[],
  tasks: readonly number[],
  images: readonly AnnotatedImage[],
  found: readonly PredictedBox[],
): Promise<CocoMetrics> {
  const category = (label: string) => labels.indexOf(label) + 1;
  const truth = {
    images: images.map(({ width, height }, index) => ({ id: tasks[index], width, height })),
    categories: labels.map((name) => ({ id: category(name), name })),
    annotations: images
      .flatMap(({ boxes }, index) => boxes.map((box) => ({ ...box, task: tasks[index] })))
      .map(({ label, bbox, task }, index) => ({
        id: index + 1,
        image_id: task,
        category_id: category(label),
        bbox,
        area: bbox[2] * bbox[3],
        iscrowd: 0,
      })),
  };
  const wanted = new Set(tasks);
  const results = found
    .filter(({ task }) => wanted.has(task))
    .map(({ task, label, bbox, score }) => ({ image_id: task, category_id: category(label), bbox, score }));
  const { stdout } = await execa(await trainerPython(), ['-c', PROGRAM], {
    input: JSON.stringify({ truth, found: results }),
  });
  return v.parse(metricsSchema, JSON.parse(stdout));
}
