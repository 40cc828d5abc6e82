/**
 * Label Studio's editor as far as the bridge knows it, seen on 1.23.2. `window.Htx` is all that is read of what its scripts
 * know; besides, the bridge sees the page's address, its colour scheme and where its buttons stand. The editor is looked up
 * each time, and nothing of it is kept: Label Studio replaces the store when a task changes, and its annotations when they
 * are saved.
 */

/** A region in the editor. Percent of the image. */
export interface EditorArea {
  /** '<id>#<annotation>' */
  readonly id: string;
  readonly x?: number;
  readonly y?: number;
  readonly width?: number;
  readonly height?: number;
  readonly rotation?: number;
  readonly meta?: unknown;
  readonly results?: readonly { readonly type?: string; readonly mainValue?: unknown }[];
  deleteRegion(): void;
}

interface EditorTag {
  readonly type: string;
  /** Images only. */
  readonly imageIsLoaded?: boolean;
}

/** Label Studio's undo. */
interface EditorHistory {
  readonly history: readonly unknown[];
  readonly undoIdx: number;
  /** Until it is unfrozen under the same key, nothing is recorded; then, what has changed is one step. */
  freeze(key: string): void;
  unfreeze(key: string): void;
  /** The next step takes the place of the last one. */
  setReplaceNextUndoState(value: boolean): void;
}

export interface EditorAnnotation {
  readonly id: string;
  readonly type: 'annotation' | 'prediction' | 'history';
  readonly editable: boolean;
  readonly isDrawing?: boolean;
  readonly names: ReadonlyMap<string, EditorTag>;
  readonly history: EditorHistory;
  readonly regionStore: {
    readonly regions: readonly EditorArea[];
    readonly selectedIds?: readonly string[];
    selectRegionsByIds?(ids: readonly string[]): void;
  };
  isReadOnly(): boolean;
  /** Writes into what it is given: each result gets a new id. */
  appendResults(results: { id: string }[]): unknown;
}

interface AnnotationStore {
  readonly selected: EditorAnnotation | null;
  readonly annotations: readonly EditorAnnotation[];
  readonly initialized: boolean;
  /** Annotations side by side: none of them can be changed. */
  readonly viewingAll?: boolean;
  /** An older state of the annotation is shown. */
  readonly selectedHistory?: unknown;
  addAnnotation(options: { userGenerate: boolean }): EditorAnnotation;
  selectAnnotation(id: string): void;
}

export interface Editor {
  readonly task: { readonly id: number; readonly dataObj: Readonly<Record<string, unknown>> | null };
  /** The labeling interface, XML. */
  readonly config: string;
  readonly isLoading?: boolean;
  readonly annotationStore: AnnotationStore;
}

/** The editor with a task in it; null where there is none, also while Label Studio builds it. */
export function openEditor(): Editor | null {
  const editor = (globalThis as { Htx?: Partial<Editor> | null }).Htx;
  const id: unknown = editor?.task?.id;
  const ready = editor?.annotationStore?.initialized === true && typeof editor.config === 'string';
  return ready && Number.isInteger(id) ? (editor as Editor) : null;
}

/** Whether boxes may go into it. Predictions, locked annotations and those of others take none, and do not say so. */
export function isEditable(annotation: EditorAnnotation | null): annotation is EditorAnnotation {
  return annotation?.type === 'annotation' && annotation.editable && !annotation.isReadOnly();
}

/** A region's id without that of its annotation: it stays the same when the annotation is saved and loaded again. */
export const areaId = ({ id }: Pick<EditorArea, 'id'>): string => id.replace(/#.*$/u, '');

/**
 * Where a region is, and what it is labelled: what differs later was changed by somebody. Coarse enough for what the
 * editor's own arithmetic does to a percent.
 */
export function markOf({ x, y, width, height, rotation, meta, results = [] }: EditorArea): string {
  const numbers = [x, y, width, height, rotation].map((each) => (each ?? 0).toFixed(2));
  return JSON.stringify([numbers, meta ?? null, results.map(({ type, mainValue }) => [type, mainValue])]);
}
