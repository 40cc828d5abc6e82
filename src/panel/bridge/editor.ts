/**
 * Label Studio's editor as the bridge uses it: what is open, and boxes put in and taken away. This is all that is read of
 * its page. `window.Htx` is looked up each time: Label Studio replaces the store when a task changes. Seen on 1.23.2.
 */
import type { Region } from '../../labelstudio/types.ts';

interface EditorRegion {
  readonly id: string;
  readonly cleanId?: string;
  readonly type: string;
  deleteRegion?(): void;
}

interface Annotation {
  readonly id: string;
  readonly type?: string;
  readonly editable?: boolean;
  readonly readonly?: boolean;
  readonly regions?: readonly EditorRegion[];
  readonly regionStore?: { readonly regions: readonly EditorRegion[] };
  readonly history?: { freeze?(key?: string): void; unfreeze?(key?: string): void };
  appendResults?(results: unknown[]): unknown;
  deleteRegion?(region: EditorRegion): void;
  serializeAnnotation?(): readonly unknown[];
}

interface AnnotationStore {
  readonly selected?: Annotation | null;
  addAnnotation(options: { userGenerate: boolean }): Annotation;
  selectAnnotation(id: string): void;
}

interface Editor {
  readonly task?: {
    readonly id: number | string;
    readonly dataObj?: Readonly<Record<string, unknown>>;
  } | null;
  readonly config?: unknown;
  readonly annotationStore?: AnnotationStore;
}

/** What is open, without the address that the bridge adds. */
export interface EditorTask {
  readonly id: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly labelConfig: string;
  readonly boxes: number;
}

/** Where a region was when it was added: what has changed since then is the user's. */
type Placement = string;

const editor = (): Editor | null => (window as { Htx?: Editor }).Htx ?? null;
const regionsOf = (annotation: Annotation): readonly EditorRegion[] =>
  annotation.regionStore?.regions ?? annotation.regions ?? [];
const idOf = (region: EditorRegion): string => region.cleanId ?? region.id.replace(/#.*$/u, '');

/** Whether boxes may go into it: predictions and locked annotations take none, and do not say so. */
function isEditable(annotation: Annotation | null | undefined): annotation is Annotation {
  return (
    annotation !== null &&
    annotation !== undefined &&
    annotation.type !== 'prediction' &&
    annotation.editable !== false &&
    annotation.readonly !== true
  );
}

/** The boxes that the panel has put into one task: our id, and the editor's id and place of each. */
export class PlacedBoxes {
  readonly #placed = new Map<string, { readonly id: string; readonly placement: Placement }>();

  /** The open task; null where none is. */
  task(): EditorTask | null {
    const { task, config, annotationStore } = editor() ?? {};
    const id = Number(task?.id);
    if (task === null || task === undefined || annotationStore === undefined || !Number.isInteger(id))
      return null;
    const { selected } = annotationStore;
    const ours = new Set([...this.#placed.values()].map((each) => each.id));
    return {
      id,
      data: task.dataObj ?? {},
      labelConfig: typeof config === 'string' ? config : '',
      // For a prediction that is selected, boxes go into a new annotation.
      boxes: isEditable(selected)
        ? regionsOf(selected).filter((region) => !ours.has(idOf(region))).length
        : 0,
    };
  }

  /** Another task is open. */
  forget(): void {
    this.#placed.clear();
  }

  /**
   * Adds and takes away boxes as one step of the editor's undo. Gives our ids of those that came and went.
   * Throws with two sentences when another task is open or the editor takes none.
   */
  change(
    task: number,
    add: readonly Region[],
    remove: readonly string[],
  ): { readonly added: string[]; readonly removed: string[] } {
    if (this.task()?.id !== task) {
      throw new Error('Another task is open by now. Open the first one again and pre-label it there.');
    }
    const annotation = add.length > 0 ? editableAnnotation() : (editor()?.annotationStore?.selected ?? null);
    if (annotation === null) return { added: [], removed: [] };
    const key = 'forelabel';
    annotation.history?.freeze?.(key);
    try {
      return { removed: this.#remove(annotation, remove), added: this.#add(annotation, add) };
    } finally {
      annotation.history?.unfreeze?.(key);
    }
  }

  #add(annotation: Annotation, add: readonly Region[]): string[] {
    if (add.length === 0) return [];
    // The editor writes into what it is given, new ids too.
    const results = add.map((region): { id: string } => structuredClone(region));
    const before = new Set(regionsOf(annotation).map(idOf));
    annotation.appendResults?.(results);
    const now = new Set(regionsOf(annotation).map(idOf));
    const places = placements(annotation);
    const added: string[] = [];
    add.forEach((region, index) => {
      const id = results[index]?.id;
      // A label or a tag that the project does not know is dropped without a word.
      if (id === undefined || !now.has(id) || before.has(id)) return;
      this.#placed.set(region.id, { id, placement: places.get(id) ?? '' });
      added.push(region.id);
    });
    return added;
  }

  #remove(annotation: Annotation, remove: readonly string[]): string[] {
    const places = remove.length > 0 ? placements(annotation) : new Map<string, Placement>();
    return remove.filter((ours) => {
      const placed = this.#placed.get(ours);
      if (placed === undefined) return false;
      this.#placed.delete(ours);
      const region = regionsOf(annotation).find((each) => idOf(each) === placed.id);
      if (region === undefined || places.get(placed.id) !== placed.placement) return false;
      if (annotation.deleteRegion !== undefined) annotation.deleteRegion(region);
      else region.deleteRegion?.();
      return true;
    });
  }
}

/** The annotation that is open, or a new one where a prediction is selected or nothing. */
function editableAnnotation(): Annotation {
  const store = editor()?.annotationStore;
  if (isEditable(store?.selected)) return store.selected;
  const made = store?.addAnnotation({ userGenerate: true });
  if (store !== undefined && made !== undefined) store.selectAnnotation(made.id);
  const selected = store?.selected;
  if (isEditable(selected)) return selected;
  throw new Error('This annotation cannot be changed. Make a new one with + and try again.');
}

/** Of each region of an annotation: place and labels, coarse enough for the editor's own rounding. */
function placements(annotation: Annotation): Map<string, Placement> {
  const places = new Map<string, Placement>();
  for (const result of annotation.serializeAnnotation?.() ?? []) {
    const { id, value } = result as { id?: string; value?: Record<string, unknown> };
    if (id === undefined || value === undefined) continue;
    const coarse = Object.entries(value)
      .map(([name, each]) => [name, typeof each === 'number' ? each.toFixed(2) : each])
      .sort();
    places.set(id, JSON.stringify(coarse));
  }
  return places;
}
