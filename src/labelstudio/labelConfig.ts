import { LabelStudioError } from './errors.ts';
import { attribute, descendants, parseXml, type XmlElement } from './labelConfigXml.ts';
import type { LabelConfig, LabelDefinition, RectangleControl } from './types.ts';

/**
 * Reads a project's labeling interface. Every `RectangleLabels` gives one control for each `Image` it
 * draws on (`toName="a,b"` names two). A control whose image does not come from one field of the task
 * (`valueList`, a fixed address) is left out: there is nothing to detect on.
 *
 * A separate `Rectangle` + `Labels` pair stores two linked results for each box instead of one; it is
 * not read as a control, and shows in `tagsFound`.
 *
 * Throws `LabelStudioError` 'label-config' when the XML is malformed.
 */
export function parseLabelConfig(xml: string): LabelConfig {
  const elements = descendants(parseXml(xml));
  const imageFields = new Map<string, string>();
  for (const element of elements) {
    if (!isTag(element, 'image')) continue;
    const name = attribute(element, 'name');
    const field = fieldOf(attribute(element, 'value'));
    if (name !== null && field !== null) imageFields.set(name, field);
  }
  return {
    controls: elements
      .filter((element) => isTag(element, 'rectanglelabels'))
      .flatMap(controlsOf(imageFields)),
    tagsFound: [...new Set(elements.map((element) => element.tag))],
  };
}

/** The controls, or `LabelStudioError` 'no-rectangle-labels' with the tags that were found instead. */
export function requireRectangleControls(config: LabelConfig): readonly RectangleControl[] {
  if (config.controls.length > 0) return config.controls;
  const tags = new Set(config.tagsFound.map((tag) => tag.toLowerCase()));
  const found = `tags found: ${config.tagsFound.length === 0 ? 'none' : config.tagsFound.join(', ')}`;
  let message =
    `The project's labeling interface has no RectangleLabels tag (${found}). ` +
    'Add <RectangleLabels> with an <Image> under Settings, Labeling Interface, or choose another project.';
  if (tags.has('rectanglelabels')) {
    message =
      `The project's RectangleLabels draw on no Image with a value of the form $field (${found}). ` +
      'Set toName to the name of an <Image value="$image"> under Settings, Labeling Interface.';
  } else if (tags.has('rectangle') && tags.has('labels')) {
    message =
      `The project uses the separate tags Rectangle and Labels (${found}). ` +
      'Replace the pair by one <RectangleLabels> under Settings, Labeling Interface.';
  }
  throw new LabelStudioError('no-rectangle-labels', message);
}

/** What Label Studio stores in a region for a label: its alias where it has one, else its value. */
export function storedLabel(control: RectangleControl, value: string): string {
  return control.labels.find((label) => label.value === value)?.alias ?? value;
}

function controlsOf(imageFields: ReadonlyMap<string, string>) {
  return (element: XmlElement): RectangleControl[] => {
    const name = attribute(element, 'name');
    if (name === null) return [];
    const labels = descendants([...element.children])
      .filter((child) => isTag(child, 'label'))
      .flatMap(labelOf);
    const controls: RectangleControl[] = [];
    for (const toName of commaList(attribute(element, 'toName'))) {
      const imageField = imageFields.get(toName);
      if (imageField !== undefined) controls.push({ name, toName, imageField, labels });
    }
    return controls;
  };
}

function labelOf(element: XmlElement): LabelDefinition[] {
  const alias = attribute(element, 'alias');
  const value = attribute(element, 'value') ?? alias;
  if (value === null) return [];
  return [
    {
      value,
      alias,
      predictedValues: commaList(attribute(element, 'predicted_values')),
      color: attribute(element, 'background'),
    },
  ];
}

/** `$image` -> 'image', `$nested.field` -> 'nested.field'; null for anything that is not one field. */
function fieldOf(value: string | null): string | null {
  return /^\$([^\s$]+)$/u.exec(value ?? '')?.[1] ?? null;
}

/** Label Studio's editor does not mind the case of a tag. */
function isTag(element: XmlElement, lowerCase: string): boolean {
  return element.tag.toLowerCase() === lowerCase;
}

function commaList(text: string | null): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
