/** A Label Studio project with images that a person has annotated, made over the API, and what it holds of predictions. */
import * as v from 'valibot';
import { regionToBox } from '../../src/labelstudio/regions.ts';
import type { AnnotatedImage } from './drawnShapes.ts';
import type { LabelStudioAdmin } from './labelStudioAdmin.ts';

export interface ProjectWithTasks {
  readonly id: number;
  /** Task ids, in the order of the images. */
  readonly tasks: readonly number[];
}

/** A project with one RectangleLabels tag, the images uploaded, nothing annotated yet. */
export async function projectWithImages(
  labelStudio: LabelStudioAdmin,
  title: string,
  labels: readonly string[],
  images: readonly AnnotatedImage[],
): Promise<ProjectWithTasks> {
  const tags = labels.map((label) => `<Label value="${label}"/>`).join('');
  const labelConfig = `<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">${tags}</RectangleLabels></View>`;
  const id = await labelStudio.createProject({ title, labelConfig });
  return { id, tasks: await labelStudio.importImageFiles(id, images) };
}

/** Submits the true boxes as the annotation of a task; an image without boxes is submitted empty. */
export async function annotate(
  labelStudio: LabelStudioAdmin,
  task: number,
  { width, height, boxes }: Pick<AnnotatedImage, 'width' | 'height' | 'boxes'>,
): Promise<void> {
  const result = boxes.map(({ label, bbox: [x, y, w, h] }, index) => ({
    id: `true-${task}-${index}`,
    type: 'rectanglelabels',
    from_name: 'label',
    to_name: 'image',
    original_width: width,
    original_height: height,
    image_rotation: 0,
    value: {
      x: (x / width) * 100,
      y: (y / height) * 100,
      width: (w / width) * 100,
      height: (h / height) * 100,
      rotation: 0,
      rectanglelabels: [label],
    },
  }));
  const answer = await labelStudio.admin(`/api/tasks/${task}/annotations/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ result, was_cancelled: false }),
  });
  if (!answer.ok)
    throw new Error(`The annotation of task ${task} answered ${answer.status}: ${await answer.text()}`);
}

/** One predicted box in pixels. */
export interface PredictedBox {
  readonly task: number;
  readonly label: string;
  readonly bbox: readonly [number, number, number, number];
  readonly score: number;
}

const regionSchema = v.object({
  original_width: v.number(),
  original_height: v.number(),
  score: v.number(),
  value: v.object({
    x: v.number(),
    y: v.number(),
    width: v.number(),
    height: v.number(),
    rectanglelabels: v.tuple([v.string()]),
  }),
});
const predictionsSchema = v.array(
  v.object({ task: v.number(), model_version: v.string(), result: v.array(regionSchema) }),
);

/** All boxes that Label Studio holds as predictions of a model version, and the tasks that have one, even if empty. */
export async function storedBoxes(
  labelStudio: LabelStudioAdmin,
  project: number,
  modelVersion: string,
): Promise<{ readonly boxes: readonly PredictedBox[]; readonly tasks: readonly number[] }> {
  const answer = await labelStudio.admin(`/api/predictions/?project=${project}`);
  const predictions = v
    .parse(predictionsSchema, await answer.json())
    .filter(({ model_version }) => model_version === modelVersion);
  const boxes = predictions.flatMap(({ task, result }) =>
    result.map((region): PredictedBox => {
      const { x1, y1, x2, y2 } = regionToBox(region);
      const [label] = region.value.rectanglelabels;
      return { task, label, bbox: [x1, y1, x2 - x1, y2 - y1], score: region.score };
    }),
  );
  return { boxes, tasks: predictions.map(({ task }) => task) };
}
