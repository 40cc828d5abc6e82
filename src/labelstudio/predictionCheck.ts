import { storedLabel } from './labelConfig.ts';
import type { LabelConfig, Prediction, Region } from './types.ts';

/**
 * Why Label Studio would not keep a prediction, or null. Its bulk import drops such a prediction and
 * still answers 201, so that the reason must be found before.
 */
export function reasonToRefuse(prediction: Prediction, config: LabelConfig): string | null {
  if (prediction.model_version === '') return 'The prediction has no model version.';
  if (!Number.isFinite(prediction.score)) return 'The score of the prediction is not a number.';
  for (const region of prediction.result) {
    const reason = reasonAgainst(region, config);
    if (reason !== null) return reason;
  }
  return null;
}

function reasonAgainst(region: Region, config: LabelConfig): string | null {
  const named = config.controls.filter((control) => control.name === region.from_name);
  if (named.length === 0) {
    return `The project's labeling interface has no RectangleLabels named "${region.from_name}".`;
  }
  const control = named.find(({ toName }) => toName === region.to_name);
  if (control === undefined) {
    return `The RectangleLabels "${region.from_name}" do not draw on "${region.to_name}".`;
  }
  const known = new Set(control.labels.map(({ value }) => storedLabel(control, value)));
  const unknown = region.value.rectanglelabels.find((label) => !known.has(label));
  if (unknown !== undefined) {
    return `The label "${unknown}" is not in "${region.from_name}" (labels: ${[...known].join(', ')}).`;
  }
  const { x, y, width, height } = region.value;
  const numbers = [x, y, width, height, region.score];
  if (!numbers.every(Number.isFinite)) return 'A region has a number that is none.';
  if ([x, y, width, height].some((percent) => percent < 0 || percent > 100)) {
    return 'A region lies outside the image.';
  }
  return null;
}
