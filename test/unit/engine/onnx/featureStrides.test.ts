import { expect, test } from 'vitest';
import { featureStrides } from '../../../../src/engine/onnx/featureStrides.ts';
import type { GraphNode } from '../../../../src/engine/onnx/modelFile.ts';

const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes?: GraphNode['attributes'],
): GraphNode => ({ op, inputs, outputs: [output], ...(attributes && { attributes }) });
const halved = { strides: [2, 2] };

/** What is known of the maps that these nodes make. */
function known(...nodes: readonly GraphNode[]): Record<string, number> {
  const { image, ...made } = Object.fromEntries(featureStrides({ input: 'image', nodes }));
  expect(image).toBe(1);
  return made;
}

test('convolutions and pooling multiply, and are of stride 1 where they name none', () => {
  expect(
    known(
      node('Conv', ['image', 'w'], 'a', halved),
      node('MaxPool', ['a'], 'b', { strides: [3, 3] }),
      node('Conv', ['b', 'w'], 'c', { group: 1 }),
      node('MaxPool', ['c'], 'd'),
    ),
  ).toEqual({ a: 2, b: 6, c: 6, d: 6 });
});

test.each(['Add', 'Mul', 'Relu', 'Clip', 'BatchNormalization', 'Identity'])(
  '%s leaves a map as large as it was, whatever its attributes',
  (op) => {
    expect(known(node('Conv', ['image', 'w'], 'a', halved), node(op, ['a', 'x'], 'b', halved))).toEqual({
      a: 2,
      b: 2,
    });
  },
);

test('of a sum the operand that is known counts, whichever it is', () => {
  const map = node('Conv', ['image', 'w'], 'a', halved);
  expect(known(map, node('Add', ['x', 'a'], 'b'))).toEqual({ a: 2, b: 2 });
  expect(known(map, node('Add', ['x', 'y'], 'b'))).toEqual({ a: 2 });
});

test('what other operators make may have any size, and so may what follows from it', () => {
  expect(
    known(
      node('Conv', ['image', 'w'], 'a', halved),
      node('Resize', ['a', 'roi', 'scales'], 'b', halved),
      node('Relu', ['b'], 'c'),
      node('Conv', ['image', 'w'], 'd', { strides: [2, 1] }),
      node('Conv', ['image', 'w'], 'e', { strides: 2 }),
    ),
  ).toEqual({ a: 2 });
});

test('a reshape to the shape of a map is as large as that map, whatever goes in', () => {
  expect(
    known(
      node('Conv', ['image', 'w'], 'a', halved),
      node('Shape', ['a'], 'shape'),
      node('Reshape', ['any', 'shape'], 'b'),
      node('Reshape', ['image', 'shape'], 'c'),
    ),
  ).toEqual({ a: 2, b: 2, c: 2 });
});

test('a reshape to any other shape may have any size', () => {
  const map = node('Conv', ['image', 'w'], 'a', halved);
  // 'a' is a map here, and no shape; 'shape' is that of a map that is not known.
  expect(
    known(
      map,
      node('Reshape', ['a', 'groups'], 'b'),
      node('Reshape', ['a', 'a'], 'c'),
      node('Shape', ['x'], 'shape'),
      node('Reshape', ['a', 'shape'], 'd'),
      node('Relu', ['a'], 'e'),
      node('Reshape', ['a', 'e'], 'f'),
    ),
  ).toEqual({ a: 2, e: 2 });
});

test('an operator without inputs or outputs makes nothing known', () => {
  expect(known({ op: 'Relu', inputs: [], outputs: [] }, node('Shape', [], 'shape'))).toEqual({});
  expect(known(node('Reshape', ['image'], 'a'))).toEqual({});
});
