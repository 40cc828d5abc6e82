import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NoMatchError } from '../../../src/labelstudio/errors.ts';
import { assertMappable, mappingSummary, suggestMapping } from '../../../src/labelstudio/mapping.ts';
import type { LabelDefinition, RectangleControl } from '../../../src/labelstudio/types.ts';

const label = (value: string, rest: Partial<LabelDefinition> = {}): LabelDefinition => ({
  value,
  alias: null,
  predictedValues: [],
  color: null,
  ...rest,
});
const control = (...labels: LabelDefinition[]): RectangleControl => ({
  name: 'label',
  toName: 'image',
  imageField: 'image',
  labels,
});

describe('suggestMapping', () => {
  test('the exact value wins over predicted_values, alias and case', () => {
    const labels = control(
      label('FACE'),
      label('x', { alias: 'face' }),
      label('y', { predictedValues: ['face'] }),
      label('face'),
    );
    expect(suggestMapping(['face'], labels).labels).toEqual(['face']);
  });

  test('predicted_values win over alias and case', () => {
    const labels = control(
      label('FACE'),
      label('x', { alias: 'face' }),
      label('y', { predictedValues: ['face'] }),
    );
    expect(suggestMapping(['face'], labels).labels).toEqual(['y']);
  });

  test('the alias wins over case', () => {
    expect(suggestMapping(['face'], control(label('FACE'), label('x', { alias: 'face' }))).labels).toEqual([
      'x',
    ]);
  });

  test.each([
    label('FACE'),
    label(' Face '),
    label('x', { alias: 'Face' }),
    label('x', { predictedValues: ['Face'] }),
  ])('case is the last resort: %j', (only) => {
    expect(suggestMapping(['face'], control(only)).labels).toEqual([only.value]);
  });

  test('several classes may become one label, others are left out', () => {
    const labels = control(label('Vehicle', { predictedValues: ['car', 'truck'] }));
    expect(suggestMapping(['car', 'dog', 'truck'], labels).labels).toEqual(['Vehicle', null, 'Vehicle']);
  });

  test('every proposal is a label of the control, one for each class', () => {
    const name = fc.constantFrom('a', 'A', 'b', 'B', 'c', 'd');
    const anyLabel = fc.record({
      value: name,
      alias: fc.option(name),
      predictedValues: fc.array(name, { maxLength: 2 }),
      color: fc.constant(null),
    });
    fc.assert(
      fc.property(fc.array(name), fc.array(anyLabel), (classes, labels) => {
        const mapping = suggestMapping(classes, control(...labels));
        const { mapped, leftOut } = mappingSummary(classes, mapping);
        expect(mapped.length + leftOut.length).toBe(classes.length);
        for (const found of mapping.labels) {
          if (found !== null) expect(labels.map((each) => each.value)).toContain(found);
        }
      }),
    );
  });
});

test('mappingSummary tells what is mapped, left out and unmatched', () => {
  const mapping = suggestMapping(['face', 'dog'], control(label('Face'), label('Car')));
  expect(mappingSummary(['face', 'dog'], mapping)).toEqual({
    mapped: [{ className: 'face', label: 'Face' }],
    leftOut: ['dog'],
    unmatchedLabels: ['Car'],
  });
});

describe('assertMappable', () => {
  test('lets one match through', () => {
    expect(() => assertMappable(['face'], suggestMapping(['face'], control(label('Face'))))).not.toThrow();
  });

  test('no match at all is an error with both lists', () => {
    const labels = control(label('Car'), label('Dog'));
    const check = () => assertMappable(['face'], suggestMapping(['face'], labels));
    expect(check).toThrow(NoMatchError);
    expect(check).toThrow(
      expect.objectContaining({ code: 'no-match', classes: ['face'], labels: ['Car', 'Dog'] }),
    );
    expect(check).toThrow(/classes: face; labels: Car, Dog/u);
  });
});
