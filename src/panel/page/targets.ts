/** Which rectangle controls of the project the panel draws with. */
import type { Detection } from '../../detector/types.ts';
import { parseLabelConfig, requireRectangleControls } from '../../labelstudio/labelConfig.ts';
import { suggestMapping } from '../../labelstudio/mapping.ts';
import { detectionsToRegions } from '../../labelstudio/regions.ts';
import type { ImageSize } from '../../labelstudio/regions.ts';
import type { Mapping, RectangleControl, Region } from '../../labelstudio/types.ts';

/** Throws `LabelStudioError` ('label-config', 'no-rectangle-labels') with what to do. */
export function controlsOf(labelConfig: string): readonly RectangleControl[] {
  return requireRectangleControls(parseLabelConfig(labelConfig));
}

/** A name for a control on its image: unique within a project. */
export const controlKey = ({ name, toName }: RectangleControl): string => `${name} ${toName}`;

/** The fields of the task's data that hold images, each once. */
export function imageFields(controls: readonly RectangleControl[]): readonly string[] {
  return [...new Set(controls.map(({ imageField }) => imageField))];
}

/**
 * The controls to draw with: the chosen one; without a choice, one for each image of the task: the first that has a
 * label for any class of the model, else the first.
 *
 * @param chosen a `controlKey`; one that is not there any more is no choice
 */
export function drawnControls(
  controls: readonly RectangleControl[],
  classes: readonly string[],
  chosen: string | null,
): readonly RectangleControl[] {
  const one = controls.find((control) => controlKey(control) === chosen);
  if (one !== undefined) return [one];
  const images = [...new Set(controls.map(({ toName }) => toName))];
  return images.flatMap((toName) => {
    const here = controls.filter((control) => control.toName === toName);
    const fitting = here.find((control) =>
      suggestMapping(classes, control).labels.some((label) => label !== null),
    );
    const control = fitting ?? here[0];
    return control === undefined ? [] : [control];
  });
}

/** What was found on one image, and what its classes become. */
export interface Found extends ImageSize {
  readonly detections: readonly Detection[];
  readonly mapping: Mapping;
}

/**
 * Everything found in a task as regions, whatever its score: with the ids that it has at every threshold, so that
 * moving the slider adds and takes away the same boxes. Ids tell boxes of several images apart.
 */
export function allRegions(found: readonly Found[]): readonly Region[] {
  return found.flatMap(({ detections, mapping, ...size }) => {
    const regions = detectionsToRegions(detections, size, mapping, 0);
    if (found.length === 1) return regions;
    return regions.map((region) => ({ ...region, id: `${region.id}-${mapping.control.toName}` }));
  });
}
