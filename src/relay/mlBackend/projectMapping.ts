import { LabelStudioError } from '../../labelstudio/errors.ts';
import { parseLabelConfig, requireRectangleControls } from '../../labelstudio/labelConfig.ts';
import { assertMappable, suggestMapping } from '../../labelstudio/mapping.ts';
import type { Mapping } from '../../labelstudio/types.ts';

/**
 * The first RectangleLabels of a label config that any class of the model has a label in. Throws
 * `LabelStudioError` 'label-config', 'no-rectangle-labels' or 'no-match'.
 */
export function projectMapping(labelConfig: string, classes: readonly string[]): Mapping {
  const mappings = requireRectangleControls(parseLabelConfig(labelConfig)).map((control) =>
    suggestMapping(classes, control),
  );
  const fit = mappings.find(({ labels }) => labels.some((label) => label !== null)) ?? mappings[0];
  if (fit === undefined)
    throw new LabelStudioError('no-rectangle-labels', 'There is no RectangleLabels tag.');
  assertMappable(classes, fit);
  return fit;
}
