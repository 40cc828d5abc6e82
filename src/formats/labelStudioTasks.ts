import { detectionsToRegions, toPrediction } from '../labelstudio/regions.ts';
import type { Mapping } from '../labelstudio/types.ts';
import { className } from './writer.ts';
import type { FilePiece, FormatOptions, Images } from './writer.ts';

/** Every class becomes the label of the same name, on the names of Label Studio's own templates. */
export function plainMapping(classes: readonly string[]): Mapping {
  const labels = classes.map((value) => ({ value, alias: null, predictedValues: [], color: null }));
  return { control: { name: 'label', toName: 'image', imageField: 'image', labels }, labels: classes };
}

/**
 * Label Studio's import JSON (https://labelstud.io/guide/predictions): a task an image, with its prediction.
 * `data.<image field>` holds the image's `url`, or its file name where it has none.
 */
export async function* writeLabelStudioTasks(
  images: Images,
  options: FormatOptions,
): AsyncGenerator<FilePiece> {
  const path = 'tasks.json';
  const mapping = options.mapping ?? plainMapping(options.classes);
  yield { path, text: '[' };
  let first = true;
  for await (const image of images) {
    if (image.error) continue;
    for (const detection of image.detections) className(options.classes, detection.label);
    const regions = detectionsToRegions(image.detections, image, mapping, 0);
    const { result, score, model_version } = toPrediction(0, regions, options.modelVersion ?? 'forelabel');
    // No `task` in the prediction: it is the one around it.
    const prediction = { model_version, score, result };
    const task = {
      data: { [mapping.control.imageField]: image.url ?? image.file },
      predictions: [prediction],
    };
    yield { path, text: `${first ? '\n' : ',\n'}${JSON.stringify(task)}` };
    first = false;
  }
  yield { path, text: ']\n' };
}
