import type { Region } from '../../labelstudio/types.ts';
import { OccupiedError } from '../occupied.ts';
import { Annotations } from './annotations.ts';
import { isEditable, openEditor } from './editor.ts';
import type { Editor } from './editor.ts';
import { settledEditor } from './settled.ts';

/** What the panel has to know of the open task's annotation. */
export interface AnnotationFacts {
  readonly annotation: string;
  readonly boxes: number;
  readonly ours: string[];
}

/** What an annotation is to get and to lose. */
export interface WishedChange {
  /** Its name. */
  readonly annotation: string;
  readonly add: readonly Region[];
  /** The panel's ids. */
  readonly remove: readonly string[];
  /** Also to boxes that are not the panel's. */
  readonly over: boolean;
}

/** The panel's boxes in the editor: counted, added, taken away. */
export class Boxes {
  readonly #annotations = new Annotations();
  #changing: Promise<unknown> = Promise.resolve();

  forget(): void {
    this.#annotations.forget();
  }

  factsOf(editor: Editor): AnnotationFacts {
    const { selected } = editor.annotationStore;
    const { name, boxes } = this.#annotations.current(editor);
    if (!isEditable(selected)) return { annotation: name, boxes: 0, ours: [] };
    return { annotation: name, boxes: boxes.others(selected), ours: boxes.untouched(selected) };
  }

  /**
   * Adds boxes to an annotation and takes some away, one change at a time. Rejects with two sentences when the task or the
   * annotation is another by now, and with `OccupiedError` when there are boxes of others, unless `over`.
   */
  change(
    task: number,
    wish: WishedChange,
  ): Promise<{ readonly added: string[]; readonly removed: string[] }> {
    const change = this.#changing.then(() => this.#change(task, wish));
    this.#changing = change.catch(() => undefined);
    return change;
  }

  async #change(task: number, { annotation, add, remove, over }: WishedChange) {
    let editor = await settledEditor(task);
    this.#check(editor, annotation);
    if (!isEditable(editor.annotationStore.selected)) {
      if (add.length === 0) return { added: [], removed: [] };
      this.#make(editor);
      editor = await settledEditor(task);
      this.#check(editor, annotation);
    }
    const { selected } = editor.annotationStore;
    if (!isEditable(selected)) {
      throw new Error('This annotation cannot be changed. Make a new one with + and try again.');
    }
    const { boxes } = this.#annotations.current(editor);
    // Counted here and now: a draft may have come, or somebody drawn, after the panel was told.
    if (add.length > 0 && !over && boxes.others(selected) > 0) throw new OccupiedError();
    return boxes.change(selected, add, remove);
  }

  #check(editor: Editor, annotation: string): void {
    if (this.#annotations.current(editor).name === annotation) return;
    throw new Error('Another annotation is open by now. Choose the first one again, or pre-label this one.');
  }

  /** A prediction is never changed: beside it, a new annotation is made. */
  #make(editor: Editor): void {
    const named = this.#annotations.current(editor);
    const { annotationStore: store } = editor;
    const { id } = store.addAnnotation({ userGenerate: true });
    this.#annotations.made(named, id);
    store.selectAnnotation(id);
  }
}

/** Why the open task takes no boxes at the moment, in two sentences; null: it does. */
export function obstacle(editor: Editor | null = openEditor()): string | null {
  if (editor === null) return 'No task is open here. Open one: the panel sees it by itself.';
  const { viewingAll, selectedHistory, selected } = editor.annotationStore;
  if (viewingAll === true) return 'All annotations are shown side by side. Open one of them to pre-label it.';
  if (selectedHistory !== null && selectedHistory !== undefined) {
    return 'An older state of the annotation is shown. Go back to the latest one to pre-label it.';
  }
  if (selected?.type === 'annotation' && !isEditable(selected)) {
    return 'This annotation cannot be changed. Make a new one with + to pre-label it.';
  }
  return null;
}
