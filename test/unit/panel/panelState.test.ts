import { beforeEach, describe, expect, it } from 'vitest';
import { PanelState } from '../../../src/panel/page/panelState.ts';
import type { PanelKept } from '../../../src/panel/page/panelState.ts';
import type { PanelEngine } from '../../../src/panel/page/panelEngine.ts';
import { panelSettings } from '../../../src/panel/page/panelSettings.ts';
import {
  FakeDetector,
  FakePage,
  fakeEngine,
  listed,
  memoryKept,
  openTask,
  twoImages,
} from '../../support/panelPage.ts';
import { eventually } from '../../support/eventually.ts';

let page: FakePage;
let detector: FakeDetector;
let engine: PanelEngine;
let kept: PanelKept;
let panel: PanelState;

function make(): PanelState {
  return new PanelState({ page, engine, keep: () => Promise.resolve(kept) });
}
beforeEach(async () => {
  page = new FakePage();
  detector = new FakeDetector();
  engine = fakeEngine(detector, [listed('cells-1'), listed('cells-2'), listed('dogs-1', ['dog'])]);
  kept = memoryKept();
  panel = make();
  await panel.start();
});

const scores = () => [...page.regions.values()].map(({ score }) => score);
const settled = () => eventually(() => expect(panel.work?.phase).toBe('done'));
function gate() {
  let open: () => void = () => undefined;
  return { promise: new Promise<void>((resolve) => (open = resolve)), open: () => open() };
}

describe('pre-labeling the open task', () => {
  it('puts the boxes above the threshold into the annotation, in one step, in percent, with their label', async () => {
    page.open(7);
    await panel.preLabel();
    expect(scores()).toEqual([0.9, 0.6, 0.4]);
    expect(page.changes).toHaveLength(1);
    const [region] = page.regions.values();
    expect(region).toMatchObject({
      from_name: 'label',
      to_name: 'image',
      original_width: 200,
      original_height: 100,
      value: { x: 45, y: 10, height: 30, rectanglelabels: ['Cell'] },
    });
    expect(region?.value.width).toBeCloseTo(10);
    expect(panel).toMatchObject({ tasks: 1, boxes: 3, lastMs: 13 });
  });

  it('asks before it adds to an annotation that has boxes, and does what is answered', async () => {
    page.open(7, { boxes: 3 });
    await panel.preLabel();
    expect(panel.work?.phase).toBe('asking');
    expect(page.fetched).toEqual([]);
    panel.work?.decline();
    expect(page.changes).toEqual([]);
    await panel.preLabel({ anyway: true });
    expect(scores()).toHaveLength(3);
  });

  it('asks too when boxes have come while it looked at the image', async () => {
    page.open(7);
    page.others = 1;
    await panel.preLabel();
    expect(panel.work).toMatchObject({ phase: 'asking', problem: null });
    expect(page.changes).toEqual([]);
    await panel.preLabel({ anyway: true });
    expect(scores()).toHaveLength(3);
    expect(page.changes[0]?.over).toBe(true);
    expect(detector.seen).toEqual(['7 image']);
  });

  it('adds boxes beside those that the user draws only after its own first ones, with the slider', async () => {
    page.open(7);
    await panel.preLabel();
    expect(page.changes[0]?.over).toBe(false);
    page.others = 1;
    panel.setThreshold(0.05);
    await eventually(() => expect(scores()).toHaveLength(4));
  });

  it('does not ask about its own boxes', async () => {
    page.open(7);
    await panel.preLabel();
    await panel.preLabel();
    expect(panel.work?.phase).toBe('done');
    expect(scores()).toHaveLength(3);
    expect(detector.seen).toEqual(['7 image']);
  });

  it('never reaches a task that was opened meanwhile', async () => {
    const hold = gate();
    detector.gate = hold.promise;
    page.open(7);
    const first = panel.preLabel();
    await eventually(() => expect(page.fetched).toEqual(['7 image']));
    page.open(8);
    hold.open();
    await first;
    expect(page.changes).toEqual([]);
    expect(page.regions.size).toBe(0);
    await panel.preLabel();
    expect(detector.seen.at(-1)).toBe('8 image');
    expect(scores()).toHaveLength(3);
  });

  it('pre-labels what was opened a moment before the press', async () => {
    page.open(7);
    page.opening = 8;
    await panel.preLabel();
    expect(detector.seen).toEqual(['8 image']);
    expect(scores()).toHaveLength(3);
  });

  it('says in words what is wrong, and works again afterwards', async () => {
    page.open(7);
    page.failure = new Error('The bucket does not allow it. Add a CORS rule.');
    await panel.preLabel();
    expect(panel.work).toMatchObject({
      phase: 'failed',
      problem: 'The bucket does not allow it. Add a CORS rule.',
    });
    page.failure = null;
    await panel.preLabel();
    expect(panel.work).toMatchObject({ phase: 'done', problem: null });
  });

  it('knows what is no task and what has no rectangles', async () => {
    page.show({ kind: 'none', message: 'No task is open. Open one.' });
    expect(panel).toMatchObject({ work: null, message: 'No task is open. Open one.' });
    page.open(7, { labelConfig: '<View><Text name="t" value="$t"/></View>' });
    expect(panel.work).toBeNull();
    expect(panel.message).toMatch(/no RectangleLabels tag.+Add <RectangleLabels>/u);
    await panel.preLabel();
    expect(page.fetched).toEqual([]);
  });

  it('refuses a model without a label here, until labels are chosen, and remembers them', async () => {
    page.open(7);
    await panel.chooseModel(engine.models[2] ?? listed('none'));
    await panel.preLabel();
    expect(panel.work?.problem).toMatch(/No class of the model has a label/u);
    const control = panel.targets.mappings[0]?.control;
    if (control === undefined) throw new Error('no control');
    await panel.chooseLabels(control, ['Dirt']);
    await panel.preLabel();
    expect([...page.regions.values()][0]?.value.rectanglelabels).toEqual(['Dirt']);
    const again = make();
    page.open(8);
    await again.start();
    await again.chooseModel(engine.models[2] ?? listed('none'));
    await eventually(() => expect(again.targets.mappings[0]?.labels).toEqual(['Dirt']));
  });

  it('draws on every image of a task, each with the control that fits, or with the chosen one', async () => {
    page.open(7, { labelConfig: twoImages });
    await panel.preLabel();
    const places = [...page.regions.values()].map(({ from_name, to_name }) => `${from_name} ${to_name}`);
    expect(new Set(places)).toEqual(new Set(['a left', 'b right']));
    expect(page.regions.size).toBe(6);
    expect(page.fetched).toEqual(['7 l', '7 r']);
    page.open(8, { labelConfig: twoImages });
    await panel.chooseControl('b right');
    await panel.preLabel();
    expect(page.fetched.slice(2)).toEqual(['8 r']);
    expect(page.regions.size).toBe(3);
  });
});

describe('another choice', () => {
  it('of a label, a control or a model replaces the boxes that are there, without a question', async () => {
    page.open(7);
    await panel.preLabel();
    const [best] = [...page.regions.keys()];
    page.touched.add(best ?? '');
    page.others = 1;
    const control = panel.targets.mappings[0]?.control;
    if (control === undefined) throw new Error('no control');
    await panel.chooseLabels(control, ['Dirt']);
    const labels = [...page.regions.values()].map(({ value }) => value.rectanglelabels[0]);
    expect(labels).toEqual(['Cell', 'Dirt', 'Dirt', 'Dirt']);
    expect(detector.seen).toHaveLength(1);
  });

  it('of a control is remembered for the project, also before the model is loaded', async () => {
    page.open(7, { labelConfig: twoImages });
    await panel.chooseControl('b right');
    const again = make();
    page.open(8, { labelConfig: twoImages });
    await again.start();
    await again.preLabel();
    expect(again.targets.control).toBe('b right');
    expect(page.fetched).toEqual(['8 r']);
    page.open(9, { labelConfig: twoImages, project: 4 });
    await again.targets.ready();
    expect(again.targets.control).toBeNull();
  });

  it('of an engine is handed to whoever starts it', async () => {
    const choices: string[] = [];
    engine = fakeEngine(detector, undefined, (choice) => choices.push(choice));
    panel = make();
    await panel.start();
    engine.chooseEngine('wasm');
    page.open(7);
    await panel.preLabel();
    expect(choices).toEqual(['auto', 'wasm']);
    expect(scores()).toHaveLength(3);
  });
});

describe('the threshold', () => {
  it('adds and takes away boxes of the open task, without running the model', async () => {
    page.open(7);
    await panel.preLabel();
    panel.setThreshold(0.5);
    await eventually(() => expect(scores()).toEqual([0.9, 0.6]));
    panel.setThreshold(0.05);
    await eventually(() => expect(scores()).toHaveLength(4));
    expect(detector.seen).toHaveLength(1);
  });

  it('leaves alone what the user has touched or deleted', async () => {
    page.open(7);
    await panel.preLabel();
    const [best, second] = [...page.regions.keys()];
    page.touched.add(best ?? '');
    page.regions.delete(second ?? '');
    panel.setThreshold(0.95);
    await eventually(() => expect(panel.work?.shown.size).toBe(0));
    expect(scores()).toEqual([0.9]);
    panel.setThreshold(0.05);
    await eventually(() => expect(panel.work?.shown.size).toBe(2));
    expect(scores().sort()).toEqual([0.1, 0.4, 0.9]);
  });

  it('moves as fast as a hand does: only the last place counts', async () => {
    page.open(7);
    await panel.preLabel();
    const hold = gate();
    page.gate = hold.promise;
    for (let value = 0.3; value < 0.8; value += 0.01) panel.setThreshold(value);
    hold.open();
    await eventually(() => expect(scores()).toEqual([0.9]));
    expect(page.changes.length).toBeLessThanOrEqual(3);
  });

  it('holds also for boxes that come while it moves', async () => {
    const hold = gate();
    detector.gate = hold.promise;
    page.open(7);
    const work = panel.preLabel();
    panel.setThreshold(0.5);
    hold.open();
    await work;
    expect(scores()).toEqual([0.9, 0.6]);
  });

  it('is remembered', async () => {
    panel.setThreshold(0.42);
    panel.setKey('Ctrl+Shift+KeyB');
    await eventually(async () => {
      const again = make();
      await again.start();
      expect(again.settings).toMatchObject({ threshold: 0.42, key: 'Ctrl+Shift+KeyB' });
    });
  });
});

describe('settings', () => {
  it('that are chosen before the kept ones are read stay', async () => {
    panel.setThreshold(0.42);
    panel.setKey('Ctrl+Shift+KeyB');
    await eventually(async () => expect((await kept.settings.read(panelSettings)).threshold).toBe(0.42));
    const again = make();
    const started = again.start();
    again.setThreshold(0.6);
    await started;
    expect(again.settings).toMatchObject({ threshold: 0.6, key: 'Ctrl+Shift+KeyB' });
  });
});

describe('accept, remove, undo', () => {
  it('accepted boxes are the user’s', async () => {
    page.open(7);
    await panel.preLabel();
    panel.work?.acceptAll();
    panel.setThreshold(0.95);
    await panel.work?.removeAll();
    expect(scores()).toEqual([0.9, 0.6, 0.4]);
  });

  it('removed boxes come back with undo, and a second undo takes the first ones away', async () => {
    page.open(7);
    await panel.preLabel();
    await panel.work?.removeAll();
    expect(scores()).toEqual([]);
    await panel.work?.undo();
    expect(scores()).toEqual([0.9, 0.6, 0.4]);
    await panel.work?.undo();
    expect(scores()).toEqual([]);
    expect(panel.work?.canUndo).toBe(false);
  });
});

describe('as I go', () => {
  it('pre-labels what opens, and finds the next ones before they do', async () => {
    page.open(7);
    page.next = [8, 9, 10];
    panel.setAsIGo(true);
    await eventually(() => expect(detector.seen).toEqual(['7 image', '8 image', '9 image']));
    page.next = [];
    page.open(8);
    await eventually(() => expect(scores()).toHaveLength(3));
    expect(detector.seen).toHaveLength(3);
    expect(panel.tasks).toBe(2);
  });

  it('begins with the task that is open already when the settings are read', async () => {
    panel.setAsIGo(true);
    await eventually(async () => expect((await kept.settings.read(panelSettings)).asIGo).toBe(true));
    page.open(7);
    await settled();
    const again = make();
    page.open(8);
    await again.start();
    await eventually(() => expect(again.work?.phase).toBe('done'));
  });

  it('looks ahead also where it asks', async () => {
    panel.setAsIGo(true);
    page.next = [8];
    page.open(7, { boxes: 2 });
    await eventually(() => expect(detector.seen).toEqual(['8 image']));
    expect(panel.work?.phase).toBe('asking');
  });

  it('does a task once, also when Label Studio closes and opens it as it is saved', async () => {
    panel.setAsIGo(true);
    page.open(7);
    await eventually(() => expect(panel.work?.phase).toBe('done'));
    page.show({ kind: 'none', message: 'No task is open. Open one.' });
    page.open(7);
    expect(panel.work?.phase).toBe('idle');
    page.open(8);
    await eventually(() => expect(panel.work?.phase).toBe('done'));
    page.open(7);
    await eventually(() => expect(panel.work?.phase).toBe('done'));
    expect(page.changes).toHaveLength(3);
  });

  it('gives up what is not looked at any more', async () => {
    detector.gate = gate().promise;
    page.open(7);
    panel.setAsIGo(true);
    await eventually(() => expect(page.fetched).toEqual(['7 image']));
    page.open(8);
    await eventually(() => expect(detector.aborted).toBe(1));
  });

  it('shares the work on a task that is opened while it is looked at ahead', async () => {
    page.open(7);
    page.next = [8];
    panel.setAsIGo(true);
    await settled();
    const hold = gate();
    detector.gate = hold.promise;
    await eventually(() => expect(page.fetched).toContain('8 image'));
    page.open(8);
    hold.open();
    await eventually(() => expect(scores()).toHaveLength(3));
    expect(page.fetched.filter((name) => name === '8 image')).toHaveLength(1);
  });

  it('asks, and does not add, where boxes are', async () => {
    panel.setAsIGo(true);
    page.open(7, { boxes: 2 });
    await eventually(() => expect(panel.work?.phase).toBe('asking'));
    expect(page.changes).toEqual([]);
  });
});

describe('posting', () => {
  it('stores a prediction under the model’s version, and leaves the annotation alone', async () => {
    panel.setDelivery('post');
    page.open(7, { boxes: 3 });
    await panel.preLabel();
    expect(page.changes).toEqual([]);
    expect(page.posted).toHaveLength(1);
    expect(page.posted[0]).toMatchObject({ task: 7, model_version: 'cells-1' });
    expect(page.posted[0]?.score).toBeCloseTo((0.9 + 0.6 + 0.4) / 3);
    expect(panel.work?.posted).toBe('now');
  });

  it('says that there was one already', async () => {
    panel.setDelivery('post');
    page.open(7);
    await panel.preLabel();
    await panel.preLabel();
    expect(page.posted).toHaveLength(1);
    expect(panel.work?.posted).toBe('before');
  });
});

describe('what is kept', () => {
  it('is not predicted again, by this panel or the next, but by another model', async () => {
    page.open(7);
    await panel.preLabel();
    const row = await kept.results.get('labelstudio:http://localhost:8080:3', 'task:7', 'cells-1');
    expect(row).toMatchObject({ state: 'done', taskId: 7, width: 200, backend: 'wasm' });
    panel = make();
    await panel.start();
    page.open(8);
    page.open(7);
    await panel.preLabel();
    expect(detector.seen).toEqual(['7 image']);
    expect(scores()).toHaveLength(3);
    await panel.chooseModel(engine.models[1] ?? listed('none'));
    expect(detector.seen).toHaveLength(2);
  });

  it('may be nothing: the panel works where the browser stores nothing', async () => {
    panel = new PanelState({ page, engine, keep: () => Promise.reject(new Error('blocked')) });
    await panel.start();
    page.open(7);
    await panel.preLabel();
    expect(scores()).toHaveLength(3);
    page.open(8);
    page.show({ kind: 'task', task: openTask(7) });
    await panel.preLabel();
    expect(detector.seen).toEqual(['7 image']);
  });
});
