import { suggestMapping } from '../../../labelstudio/mapping.ts';
import type { RectangleControl } from '../../../labelstudio/types.ts';
import type { JobNote } from '../../../training/job.ts';
import { listed } from './problems.ts';

export interface ChosenClasses {
  /** Names, in label-index order. */
  readonly classes: readonly string[];
  /** Index of the class for what a region stores as its label; undefined for a label that the tag lacks. */
  classOf(storedLabel: string): number | undefined;
  /** Classes that the base model lacks. */
  readonly newClasses: readonly string[];
  /** Classes of the base model that the new one will not have. */
  readonly droppedClasses: readonly string[];
  readonly notes: readonly JobNote[];
}

/**
 * One class for every label of the tag: first those that the base model has (found by the rules of pre-labeling,
 * in the base's order and with its names), then the others, in the order of the labeling interface.
 * @param baseName how the base model is called in notes
 */
export function chooseClasses(
  baseClasses: readonly string[],
  baseName: string,
  control: RectangleControl,
): ChosenClasses {
  const { labels: becomes } = suggestMapping(baseClasses, control);
  const classes: string[] = [];
  const classOfValue = new Map<string, number>();
  const droppedClasses: string[] = [];
  const doubled: string[] = [];
  baseClasses.forEach((name, index) => {
    const label = becomes[index] ?? null;
    if (label === null || classOfValue.has(label)) {
      droppedClasses.push(name);
      if (label !== null) doubled.push(`${name} (${label})`);
      return;
    }
    classOfValue.set(label, classes.length);
    classes.push(name);
  });
  const newClasses: string[] = [];
  for (const { value } of control.labels) {
    if (classOfValue.has(value)) continue;
    classOfValue.set(value, classes.length);
    classes.push(value);
    newClasses.push(value);
  }
  const stored = storedLabels(control, classOfValue);
  return {
    classes,
    classOf: (label) => stored.get(label),
    newClasses,
    droppedClasses,
    notes: notesOf(baseName, newClasses, droppedClasses, doubled),
  };
}

/** A region holds a label's alias where it has one; results imported from elsewhere may hold its value all the same. */
function storedLabels(
  control: RectangleControl,
  classOfValue: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const stored = new Map<string, number>(classOfValue);
  for (const { value, alias } of control.labels) {
    const index = classOfValue.get(value);
    if (alias !== null && index !== undefined) stored.set(alias, index);
  }
  return stored;
}

function notesOf(
  baseName: string,
  added: readonly string[],
  dropped: readonly string[],
  doubled: readonly string[],
): JobNote[] {
  const notes: JobNote[] = [];
  if (added.length > 0) {
    notes.push({
      code: 'new-classes',
      message: `The model ${baseName} does not know ${listed(added)}: added as new ${added.length === 1 ? 'class' : 'classes'}. They are learned from the start, and need more examples than the others.`,
    });
  }
  if (dropped.length > 0) {
    notes.push({
      code: 'dropped-classes',
      message: `The new model will not have the ${dropped.length === 1 ? 'class' : 'classes'} ${listed(dropped)} of ${baseName}, because no label of the project is only theirs. To keep a class, add a Label with its name.`,
    });
  }
  if (doubled.length > 0) {
    notes.push({
      code: 'doubled-classes',
      message: `Several classes of ${baseName} stand for the same label; the first was kept, and these were not: ${listed(doubled)}. Give each its own Label if you want to tell them apart.`,
    });
  }
  return notes;
}
