import type { Detection } from '../../detector/types.ts';
import type { Mapping } from '../../labelstudio/types.ts';
import type { Box } from '../elements/boxGeometry.ts';
import { labelColor, paletteColor } from '../look/classColors.ts';
import { Observable } from '../../ui/observable.ts';

/** How a class is shown: under its label's name and colour where it has become one. */
export interface ClassLook {
  readonly name: string;
  readonly color: string;
  /** Left out by the mapping: its boxes are not shown, posted or exported. */
  readonly leftOut: boolean;
}

/** Names and colours of a model's classes, with what a mapping (or none) makes of them. */
export function classLooks(classes: readonly string[], mapping: Mapping | null): readonly ClassLook[] {
  return classes.map((name, index) => {
    if (mapping === null) return { name, color: paletteColor(index), leftOut: false };
    const value = mapping.labels[index] ?? null;
    const label = mapping.control.labels.find((each) => each.value === value);
    return { name: value ?? name, color: labelColor(label?.color ?? null, index), leftOut: value === null };
  });
}

/** A detection is shown when it reaches the threshold and its class is neither hidden nor left out. */
export function isShown(detection: Detection, display: DisplayState): boolean {
  return (
    detection.score >= display.threshold &&
    !display.hidden.has(detection.label) &&
    display.looks[detection.label]?.leftOut !== true
  );
}

/** The boxes to draw; `index` of each is its place in `detections`. */
export function shownBoxes(
  detections: readonly Detection[],
  display: DisplayState,
): readonly (Box & { readonly index: number })[] {
  return detections.flatMap((detection, index) => {
    if (!isShown(detection, display)) return [];
    const look = display.looks[detection.label];
    return [
      {
        ...detection,
        index,
        name: look?.name ?? `class ${detection.label}`,
        color: look?.color ?? paletteColor(detection.label),
      },
    ];
  });
}

/** What is shown of the detections. Applied when drawing, posting and exporting; no model runs for it. */
export class DisplayState extends Observable {
  /** 0..1; boxes with a lower score are left out. */
  threshold = 0.3;
  /** Class indices that the user has switched off in the views; they are still posted and exported. */
  hidden: ReadonlySet<number> = new Set();
  looks: readonly ClassLook[] = [];

  setThreshold(value: number): void {
    this.threshold = Math.round(Math.min(1, Math.max(0.05, value)) * 100) / 100;
    this.changed();
  }

  toggleClass(label: number): void {
    const hidden = new Set(this.hidden);
    if (!hidden.delete(label)) hidden.add(label);
    this.hidden = hidden;
    this.changed();
  }

  setLooks(looks: readonly ClassLook[]): void {
    this.looks = looks;
    this.hidden = new Set();
    this.changed();
  }
}
