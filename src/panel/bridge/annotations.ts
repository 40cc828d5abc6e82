import { isEditable } from './editor.ts';
import type { Editor, EditorAnnotation } from './editor.ts';
import { PlacedBoxes } from './placedBoxes.ts';

/** One annotation of the open task, with a name that outlives its being saved and loaded again. */
export interface NamedAnnotation {
  readonly name: string;
  readonly boxes: PlacedBoxes;
  /** The editor's id; null for one that is yet to be made, beside a prediction that is selected. */
  id: string | null;
}

/** Tells the annotations of the open task apart, although Label Studio gives them new ids as it likes. */
export class Annotations {
  #task: number | null = null;
  #named: NamedAnnotation[] = [];
  #current: NamedAnnotation | null = null;
  #count = 0;

  /** No task is open. */
  forget(): void {
    this.#task = null;
    this.#named = [];
    this.#current = null;
  }

  /** The annotation that boxes would go into. */
  current({ task, annotationStore }: Editor): NamedAnnotation {
    if (task.id !== this.#task) {
      this.forget();
      this.#task = task.id;
    }
    const { selected, annotations } = annotationStore;
    const target = isEditable(selected) ? selected : null;
    const known = this.#named.find(({ id }) => id === (target?.id ?? null));
    this.#current = known ?? this.#renewed(target, annotations) ?? this.#name(target?.id ?? null);
    return this.#current;
  }

  /** The one that was made in place of `annotation`, which had none yet. */
  made(annotation: NamedAnnotation, id: string): void {
    annotation.id = id;
  }

  /** After a task was loaded again, the same annotation has another id: the old one is nowhere, its boxes are here. */
  #renewed(
    target: EditorAnnotation | null,
    annotations: readonly EditorAnnotation[],
  ): NamedAnnotation | null {
    const before = this.#current;
    if (target === null || before === null) return null;
    if (before.id === null || annotations.some(({ id }) => id === before.id)) return null;
    if (before.boxes.size > 0 && !before.boxes.isIn(target)) return null;
    before.id = target.id;
    return before;
  }

  #name(id: string | null): NamedAnnotation {
    this.#count += 1;
    const named = { name: String(this.#count), boxes: new PlacedBoxes(), id };
    this.#named.push(named);
    return named;
  }
}
