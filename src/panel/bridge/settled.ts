import { isEditable, openEditor } from './editor.ts';
import type { Editor, EditorAnnotation } from './editor.ts';

/** Milliseconds between two looks. */
const pause = 40;
/**
 * How long the editor has to be quiet: out of the data manager it loads a task twice, the second time up to half a second
 * after the first, and it empties its undo when the image is there.
 */
const quiet = 800;
/**
 * After that, boxes come although the image does not, and although Label Studio calls itself loading: it may be an image
 * that it cannot show.
 */
const patience = 8000;

const gone = () => new Error('Another task is open by now. Open the first one again and pre-label it there.');

/** What stays the same while the editor is quiet. */
function stateOf({ annotationStore, isLoading }: Editor): readonly unknown[] {
  const { selected } = annotationStore;
  return [annotationStore, isLoading, selected?.id, selected?.history.history];
}

function hasImages({ names }: EditorAnnotation): boolean {
  return [...names.values()].every(({ type, imageIsLoaded }) => type !== 'image' || imageIsLoaded !== false);
}

/** Whether it can be changed at once: something was, and the editor's undo has kept it. */
function isUnderWay({ isLoading, annotationStore: { selected } }: Editor): boolean {
  return isLoading !== true && isEditable(selected) && selected.history.history.length > 1;
}

/**
 * Waits until the editor has made up its mind about a task: loaded, its image too, and no box half drawn. What is put
 * into an annotation before that is lost, or not to be undone. Rejects when another task is open.
 */
export async function settledEditor(task: number): Promise<Editor> {
  const started = Date.now();
  let since = started;
  let before: readonly unknown[] = [];
  for (;;) {
    const editor = openEditor();
    if (editor !== null && editor.task.id !== task) throw gone();
    if (editor === null && Date.now() - started > patience) throw gone();
    if (editor !== null) {
      const { selected } = editor.annotationStore;
      const state = stateOf(editor);
      if (state.some((each, index) => each !== before[index])) since = Date.now();
      before = state;
      const drawing = selected?.isDrawing === true;
      if (!drawing && isUnderWay(editor)) return editor;
      const late = Date.now() - started > patience;
      const still = Date.now() - since >= quiet && (editor.isLoading !== true || late);
      const loaded = selected === null || hasImages(selected) || late;
      if (!drawing && still && loaded) return editor;
      if (drawing && Date.now() - started > patience) {
        throw new Error('A region is half drawn in this annotation. Finish it and pre-label again.');
      }
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
