/** An annotation in Label Studio's editor, for tests without one. */
import type { Region } from '../../src/labelstudio/types.ts';
import type { EditorAnnotation, EditorArea } from '../../src/panel/bridge/editor.ts';

/** A box as the panel gives it. */
export const region = (id: string, more: Partial<Region> = {}): Region => ({
  ...{ id, type: 'rectanglelabels', from_name: 'label', to_name: 'image', image_rotation: 0, score: 0.5 },
  ...{ original_width: 200, original_height: 100 },
  value: { x: 1, y: 2, width: 3, height: 4, rotation: 0, rectanglelabels: ['Cell'] },
  ...more,
});

interface Area extends EditorArea {
  x: number;
}

/** An annotation as Label Studio has it: it renames what it is given, and records states unless it is frozen. */
export function annotation(id = 'a', type: 'annotation' | 'prediction' = 'annotation') {
  const areas: Area[] = [];
  const states: string[][] = [[]];
  let frozen = false;
  let index = 0;
  let replace = false;
  let made = 0;
  const ids = () => areas.map(({ id }) => id);
  const record = () => {
    if (frozen || states[index]?.join() === ids().join()) return;
    states.splice(index + (replace ? 0 : 1), Infinity, ids());
    index = states.length - 1;
    replace = false;
  };
  const fake: EditorAnnotation = {
    ...{ id, type, editable: type === 'annotation', isReadOnly: () => type !== 'annotation' },
    names: new Map([
      ['label', { type: 'rectanglelabels' }],
      ['image', { type: 'image' }],
    ]),
    history: {
      history: states,
      get undoIdx() {
        return index;
      },
      freeze: () => (frozen = true),
      unfreeze() {
        frozen = false;
        record();
        replace = false;
      },
      setReplaceNextUndoState: (value) => (replace = value),
    },
    regionStore: { regions: areas },
    appendResults(results) {
      for (const result of results as Region[]) {
        made += 1;
        (result as { id: string }).id = `new${made}`;
        const area: Area = {
          ...{ id: `new${made}#a`, x: result.value.x, y: result.value.y },
          deleteRegion() {
            areas.splice(areas.indexOf(area), 1);
            record();
          },
        };
        areas.push(area);
        record();
      }
    },
  };
  /** Somebody draws a box. */
  const draw = (): void => {
    made += 1;
    areas.push({ id: `drawn${made}#a`, x: 50, deleteRegion: () => undefined });
    record();
  };
  return { fake, areas, states, draw };
}
