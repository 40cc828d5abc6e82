import { expect, test } from 'vitest';
import { chooseClasses } from '../../../../../src/relay/training/collect/chooseClasses.ts';
import { parseLabelConfig } from '../../../../../src/labelstudio/labelConfig.ts';
import { config } from './fakeProject.ts';

function choose(base: readonly string[], labels: string) {
  const [control] = parseLabelConfig(config(labels)).controls;
  if (control === undefined) throw new Error('no control');
  return chooseClasses(base, 'base-model', control);
}

test("the base's classes come first, in its order and with its names; then new labels as they are listed", () => {
  const chosen = choose(
    ['person', 'car', 'dog'],
    '<Label value="Zebra"/><Label value="Dog"/><Label value="Human" predicted_values="person"/><Label value="Ape" alias="a"/>',
  );
  expect(chosen.classes).toEqual(['person', 'dog', 'Zebra', 'Ape']);
  expect(chosen.newClasses).toEqual(['Zebra', 'Ape']);
  expect(chosen.droppedClasses).toEqual(['car']);
  expect(['Human', 'Dog', 'Zebra', 'a', 'Ape', 'person'].map((label) => chosen.classOf(label))).toEqual([
    0,
    1,
    2,
    3,
    3,
    undefined,
  ]);
  expect(chosen.notes.map(({ code }) => code)).toEqual(['new-classes', 'dropped-classes']);
});

test('of several classes for one label the first is kept, and it is said', () => {
  const chosen = choose(['car', 'truck', 'bus'], '<Label value="Vehicle" predicted_values="truck,bus"/>');
  expect(chosen.classes).toEqual(['truck']);
  expect(chosen.droppedClasses).toEqual(['car', 'bus']);
  expect(chosen.notes.map(({ code }) => code)).toEqual(['dropped-classes', 'doubled-classes']);
  expect(chosen.notes[1]?.message).toContain('bus (Vehicle)');
});

test('the same classes: nothing to say', () => {
  const chosen = choose(['face'], '<Label value="Face"/>');
  expect(chosen).toMatchObject({ classes: ['face'], newClasses: [], droppedClasses: [], notes: [] });
});

test("an alias that is another label's value means the label with the alias", () => {
  const chosen = choose(['x'], '<Label value="b"/><Label value="a" alias="b"/>');
  expect(chosen.classes[chosen.classOf('b') ?? -1]).toBe('a');
});

test('classes are never named twice', () => {
  const { classes } = choose(['car', 'Car'], '<Label value="Car"/><Label value="Car"/><Label value="car"/>');
  expect(new Set(classes).size).toBe(classes.length);
  expect(classes).toEqual(['car', 'Car']);
});
