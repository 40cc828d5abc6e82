import { describe, expect, it } from 'vitest';
import { PlacedBoxes } from '../../../src/panel/bridge/placedBoxes.ts';
import { annotation, region } from '../../support/editorAnnotation.ts';

describe('boxes in an annotation', () => {
  it('come and go under the panel’s names, each change one step', () => {
    const boxes = new PlacedBoxes();
    const { fake, states } = annotation();
    expect(boxes.change(fake, [region('1'), region('2')], [], 0)).toEqual({ added: ['1', '2'], removed: [] });
    expect(states).toHaveLength(2);
    expect(boxes.change(fake, [region('3')], ['1'], 5000)).toEqual({ added: ['3'], removed: ['1'] });
    expect(states).toHaveLength(3);
    expect(boxes.untouched(fake)).toEqual(['2', '3']);
    expect(boxes.others(fake)).toBe(0);
  });

  it('are one step while a slider moves', () => {
    const boxes = new PlacedBoxes();
    const { fake, states } = annotation();
    boxes.change(fake, [region('1')], [], 0);
    boxes.change(fake, [region('2')], [], 100);
    boxes.change(fake, [], ['1'], 200);
    expect(states).toEqual([[], ['new2#a']]);
    boxes.change(fake, [region('1')], [], 2000);
    expect(states).toHaveLength(3);
  });

  it('stay when somebody has touched them, and are not put there twice', () => {
    const boxes = new PlacedBoxes();
    const { fake, areas } = annotation();
    boxes.change(fake, [region('1'), region('2')], [], 0);
    const [first] = areas;
    if (first !== undefined) first.x = 50;
    expect(boxes.change(fake, [region('1'), region('2')], ['1'], 5000)).toEqual({
      added: ['2'],
      removed: [],
    });
    expect(areas).toHaveLength(2);
    expect(boxes.untouched(fake)).toEqual(['2']);
  });

  it('come again when they are asked for after they were deleted', () => {
    const boxes = new PlacedBoxes();
    const { fake, areas } = annotation();
    boxes.change(fake, [region('1')], [], 0);
    areas.length = 0;
    expect(boxes.change(fake, [], ['1'], 5000).removed).toEqual([]);
    expect(boxes.change(fake, [region('1')], [], 9000).added).toEqual(['1']);
    expect(areas).toHaveLength(1);
  });

  it('of tags that the project does not have are not added', () => {
    const { fake, areas } = annotation();
    const wrong = [region('1', { from_name: 'image' }), region('2', { to_name: 'nothing' })];
    expect(new PlacedBoxes().change(fake, wrong, [])).toEqual({ added: [], removed: [] });
    expect(areas).toEqual([]);
  });
});
