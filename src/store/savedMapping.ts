import * as v from 'valibot';
import { addressName } from '../labelstudio/address.ts';
import type { Mapping, RectangleControl } from '../labelstudio/types.ts';
import type { Setting, Settings } from './settings.ts';

/** Where a mapping was chosen by hand: it holds for this model in this project of this Label Studio. */
export interface MappingPlace {
  /** As `normalizeAddress` gives it. */
  readonly url: string;
  readonly project: number;
  readonly modelVersion: string;
}

/**
 * The labels that were chosen by hand for a control, in class order; null when none were, or when they are of another
 * labeling interface: one of them is no label of the control any more, or the number of classes differs.
 */
export async function readLabels(
  settings: Settings,
  place: MappingPlace,
  control: RectangleControl,
  classes: number,
): Promise<Mapping['labels'] | null> {
  const labels = await settings.read(settingOf(place, control));
  if (labels?.length !== classes) return null;
  const known = new Set(control.labels.map(({ value }) => value));
  return labels.every((label) => label === null || known.has(label)) ? labels : null;
}

export async function writeLabels(
  settings: Settings,
  place: MappingPlace,
  { control, labels }: Mapping,
): Promise<void> {
  await settings.write(settingOf(place, control), [...labels]);
}

/**
 * The control that was chosen by hand for a project, as `<name> <toName>`; null when none was. It may be gone from the
 * labeling interface by now.
 */
export function readControl(
  settings: Settings,
  place: Pick<MappingPlace, 'url' | 'project'>,
): Promise<string | null> {
  return settings.read(controlSetting(place));
}

/** Null: none is chosen any more. */
export async function writeControl(
  settings: Settings,
  place: Pick<MappingPlace, 'url' | 'project'>,
  control: string | null,
): Promise<void> {
  await settings.write(controlSetting(place), control);
}

function controlSetting({ url, project }: Pick<MappingPlace, 'url' | 'project'>): Setting<string | null> {
  return { key: `control ${addressName(url)} ${project}`, schema: v.nullable(v.string()), initial: null };
}

function settingOf(place: MappingPlace, control: RectangleControl): Setting<(string | null)[] | null> {
  const { url, project, modelVersion } = place;
  return {
    key: `mapping ${modelVersion} ${addressName(url)} ${project} ${control.name} ${control.toName}`,
    schema: v.nullable(v.array(v.nullable(v.string()))),
    initial: null,
  };
}
