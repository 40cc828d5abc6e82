import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Boxes } from '../../../src/panel/bridge/boxes.ts';
import { openEditor } from '../../../src/panel/bridge/editor.ts';
import type { Editor } from '../../../src/panel/bridge/editor.ts';
import { OccupiedError } from '../../../src/panel/occupied.ts';
import { annotation, region } from '../../support/editorAnnotation.ts';

type Fake = ReturnType<typeof annotation>;

let boxes: Boxes;
let page: { Htx?: unknown };

/** Label Studio's editor with a task in it, the first of its annotations open. */
function open(task: number, annotations: readonly Fake[], selected: Fake | null = annotations[0] ?? null) {
  const store = {
    ...{ initialized: true, selectedHistory: null },
    annotations: annotations.map(({ fake }) => fake),
    selected: selected?.fake ?? null,
    addAnnotation() {
      const made = annotation('made');
      store.annotations.push(made.fake);
      return made.fake;
    },
    selectAnnotation(id: string) {
      store.selected = store.annotations.find((each) => each.id === id) ?? null;
    },
  };
  page.Htx = { task: { id: task, dataObj: {} }, config: '<View/>', isLoading: false, annotationStore: store };
  return store;
}
function editor(): Editor {
  const found = openEditor();
  if (found === null) throw new Error('no editor');
  return found;
}
const wish = (more: Partial<Parameters<Boxes['change']>[1]> = {}) => ({
  annotation: boxes.factsOf(editor()).annotation,
  ...{ add: [region('1'), region('2')], remove: [], over: false },
  ...more,
});
/** The editor has to be quiet for a while before it is changed. */
async function after<T>(change: Promise<T>): Promise<T> {
  change.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(3000);
  return change;
}

beforeEach(() => {
  vi.useFakeTimers();
  boxes = new Boxes();
  page = globalThis as { Htx?: unknown };
});
afterEach(() => {
  vi.useRealTimers();
  delete page.Htx;
});

describe('boxes in the open annotation', () => {
  it('come, and are told apart from those of others', async () => {
    const mine = annotation();
    open(7, [mine]);
    expect(await after(boxes.change(7, wish()))).toEqual({ added: ['1', '2'], removed: [] });
    mine.draw();
    expect(boxes.factsOf(editor())).toMatchObject({ boxes: 1, ours: ['1', '2'] });
  });

  it('are refused where boxes of others are, unless the user has said so', async () => {
    const mine = annotation();
    mine.draw();
    open(7, [mine]);
    await expect(after(boxes.change(7, wish()))).rejects.toThrow(OccupiedError);
    expect(mine.areas).toHaveLength(1);
    expect((await after(boxes.change(7, wish({ over: true })))).added).toEqual(['1', '2']);
    expect(mine.areas).toHaveLength(3);
  });

  it('are refused where boxes have come while the editor was waited for', async () => {
    const mine = annotation();
    open(7, [mine]);
    const change = boxes.change(7, wish());
    change.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(200);
    mine.draw();
    await expect(after(change)).rejects.toThrow(OccupiedError);
    expect(mine.areas).toHaveLength(1);
  });

  it('are taken away without a question', async () => {
    const mine = annotation();
    open(7, [mine]);
    await after(boxes.change(7, wish()));
    mine.draw();
    const change = wish({ add: [], remove: ['1'] });
    expect((await after(boxes.change(7, change))).removed).toEqual(['1']);
  });

  it('never reach another task, or another annotation of the same one', async () => {
    const [first, second] = [annotation('a'), annotation('b')];
    open(7, [first, second]);
    const toTask = boxes.change(7, wish());
    toTask.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(200);
    open(8, [second]);
    await expect(after(toTask)).rejects.toThrow('Another task is open by now.');

    open(7, [first, second]);
    const toAnnotation = wish();
    open(7, [first, second], second);
    await expect(after(boxes.change(7, toAnnotation))).rejects.toThrow('Another annotation is open by now.');
    expect([...first.areas, ...second.areas]).toEqual([]);
  });

  it.each([
    ['a prediction', (): Fake => annotation('p', 'prediction')],
    ['nothing', (): null => null],
  ])('go into a new annotation where %s is selected', async (_, select) => {
    const selected = select();
    const store = open(7, [], selected);
    expect(boxes.factsOf(editor())).toMatchObject({ boxes: 0, ours: [] });
    expect((await after(boxes.change(7, wish()))).added).toEqual(['1', '2']);
    expect(store.selected).toMatchObject({ id: 'made', type: 'annotation' });
    expect(selected?.areas ?? []).toEqual([]);
    expect(boxes.factsOf(editor()).ours).toEqual(['1', '2']);
  });
});
