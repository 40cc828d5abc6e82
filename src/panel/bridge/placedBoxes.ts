import type { Region } from '../../labelstudio/types.ts';
import { areaId, markOf } from './editor.ts';
import type { EditorAnnotation, EditorArea } from './editor.ts';

/** How many milliseconds a change may follow the last one and still be the same movement of a slider. */
const sameMovement = 700;

interface Placed {
  /** The editor's id of the region. */
  readonly area: string;
  /** `markOf` when it was added. */
  readonly mark: string;
}

/** The last step that was made in an undo history, to be told from steps of others. */
interface Step {
  readonly annotation: string;
  readonly history: unknown;
  readonly index: number;
  readonly at: number;
}

/** The boxes that the panel has put into one annotation, by the panel's ids. */
export class PlacedBoxes {
  readonly #placed = new Map<string, Placed>();
  #last: Step | null = null;

  /** Whether the annotation has any of them, also one that was changed. */
  isIn(annotation: EditorAnnotation): boolean {
    const areas = areasOf(annotation);
    return [...this.#placed.values()].some(({ area }) => areas.has(area));
  }

  get size(): number {
    return this.#placed.size;
  }

  /** The panel's ids of those that are there and that nobody has touched. */
  untouched(annotation: EditorAnnotation): string[] {
    const areas = areasOf(annotation);
    return [...this.#placed].flatMap(([id, placed]) => (isAsPlaced(placed, areas) ? [id] : []));
  }

  /** Regions of the annotation that are not the panel's. */
  others(annotation: EditorAnnotation): number {
    const ours = new Set([...this.#placed.values()].map(({ area }) => area));
    return annotation.regionStore.regions.filter((area) => !ours.has(areaId(area))).length;
  }

  /**
   * Adds regions and takes away untouched ones, as one step of the editor's undo; changes that follow each other as a
   * slider moves are one step together. One that is there already counts as added, one that somebody has changed does not.
   *
   * @param now milliseconds
   */
  change(
    annotation: EditorAnnotation,
    add: readonly Region[],
    remove: readonly string[],
    now: number = Date.now(),
  ): { readonly added: string[]; readonly removed: string[] } {
    const { history, regionStore } = annotation;
    const selected = [...(regionStore.selectedIds ?? [])];
    if (this.#isSameMovement(annotation, now)) history.setReplaceNextUndoState(true);
    history.freeze(freezing);
    try {
      const removed = this.#remove(annotation, remove);
      const added = this.#add(annotation, add);
      return { added, removed };
    } finally {
      history.unfreeze(freezing);
      const { id, history: steps } = annotation;
      this.#last = { annotation: id, history: steps.history, index: steps.undoIdx, at: now };
      // Adding takes away the selection, with what the user was about to do to it.
      if (selected.length > 0) regionStore.selectRegionsByIds?.(selected);
    }
  }

  #isSameMovement({ id, history }: EditorAnnotation, now: number): boolean {
    const last = this.#last;
    return (
      last !== null &&
      last.annotation === id &&
      last.history === history.history &&
      last.index === history.undoIdx &&
      // The first state of a history is what was loaded: it is never replaced.
      last.index > 0 &&
      now - last.at < sameMovement
    );
  }

  #remove(annotation: EditorAnnotation, remove: readonly string[]): string[] {
    const areas = areasOf(annotation);
    return remove.filter((id) => {
      const placed = this.#placed.get(id);
      if (placed === undefined || !isAsPlaced(placed, areas)) return false;
      areas.get(placed.area)?.deleteRegion();
      return !areasOf(annotation).has(placed.area);
    });
  }

  #add(annotation: EditorAnnotation, add: readonly Region[]): string[] {
    const before = areasOf(annotation);
    const there = (id: string): Placed | null => {
      const placed = this.#placed.get(id);
      return placed !== undefined && before.has(placed.area) ? placed : null;
    };
    const known = add.filter(({ id }) => there(id) !== null);
    const fresh = add.filter((region) => there(region.id) === null && isDrawn(annotation, region));
    const results = fresh.map((region): { id: string } => structuredClone(region));
    if (results.length > 0) annotation.appendResults(results);
    const after = areasOf(annotation);
    const added = fresh.filter(({ id }, index) => {
      const area = after.get(results[index]?.id ?? '');
      if (area === undefined) return false;
      this.#placed.set(id, { area: areaId(area), mark: markOf(area) });
      return true;
    });
    const kept = known.filter(({ id }) => isAsPlaced(this.#placed.get(id), after));
    return [...kept, ...added].map(({ id }) => id);
  }
}

const freezing = 'forelabel';

const areasOf = ({ regionStore }: EditorAnnotation): Map<string, EditorArea> =>
  new Map(regionStore.regions.map((area) => [areaId(area), area]));

function isAsPlaced(placed: Placed | undefined, areas: ReadonlyMap<string, EditorArea>): boolean {
  const area = placed === undefined ? undefined : areas.get(placed.area);
  return area !== undefined && placed?.mark === markOf(area);
}

/** The editor drops what names other tags without a word, or takes it for something else. */
function isDrawn({ names }: EditorAnnotation, { from_name, to_name }: Region): boolean {
  return names.get(from_name)?.type === 'rectanglelabels' && names.get(to_name)?.type === 'image';
}
