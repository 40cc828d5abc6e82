import { NoMatchError } from './errors.ts';
import type { LabelDefinition, Mapping, RectangleControl } from './types.ts';

type Rule = (label: LabelDefinition, className: string) => boolean;

/** First rule that finds a label wins; within a rule, the first label in the config. */
const RULES: readonly Rule[] = [
  (label, name) => label.value === name,
  (label, name) => label.predictedValues.includes(name),
  (label, name) => label.alias === name,
  (label, name) =>
    [label.value, ...label.predictedValues, label.alias ?? ''].some((other) => fold(other) === fold(name)),
];

/**
 * Proposes a label (its `value`) for every class of a model, in label-index order: by the exact value,
 * by `predicted_values`, by alias, and last by any of them without regard to case. Several classes may
 * become the same label; a class that no rule finds is left out (null).
 */
export function suggestMapping(classes: readonly string[], control: RectangleControl): Mapping {
  return { control, labels: classes.map((name) => labelFor(name, control)) };
}

/** A mapping in words, for the table and for the message when nothing matches. */
export interface MappingSummary {
  readonly mapped: readonly { readonly className: string; readonly label: string }[];
  /** Classes without a label: their boxes are not posted. */
  readonly leftOut: readonly string[];
  /** Labels of the project that no class becomes. */
  readonly unmatchedLabels: readonly string[];
}

/** What a mapping does. `classes` are those of the model, in label-index order. */
export function mappingSummary(classes: readonly string[], mapping: Mapping): MappingSummary {
  const mapped: { className: string; label: string }[] = [];
  const leftOut: string[] = [];
  classes.forEach((className, index) => {
    const label = mapping.labels[index] ?? null;
    if (label === null) leftOut.push(className);
    else mapped.push({ className, label });
  });
  const used = new Set(mapped.map(({ label }) => label));
  return {
    mapped,
    leftOut,
    unmatchedLabels: mapping.control.labels.map(({ value }) => value).filter((value) => !used.has(value)),
  };
}

/** Throws `NoMatchError`, which holds both lists, when every class is left out. */
export function assertMappable(classes: readonly string[], mapping: Mapping): void {
  if (mapping.labels.some((label) => label !== null)) return;
  throw new NoMatchError(
    classes,
    mapping.control.labels.map(({ value }) => value),
  );
}

function labelFor(className: string, control: RectangleControl): string | null {
  for (const rule of RULES) {
    const found = control.labels.find((label) => rule(label, className));
    if (found !== undefined) return found.value;
  }
  return null;
}

function fold(name: string): string {
  return name.normalize('NFC').trim().toLowerCase();
}
