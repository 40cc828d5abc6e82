import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readModelFile } from '../../../../src/engine/onnx/modelFile.ts';

const demo = new Uint8Array(
  readFileSync(new URL('../../../../models/demo-face/model.onnx', import.meta.url)),
);

test('a file is read as far as it is edited', () => {
  const { opset, input, nodes, initializers } = readModelFile(demo);
  expect({ opset, input }).toEqual({ opset: 17, input: 'image' });
  const stem = nodes.find(({ op }) => op === 'Conv');
  expect(stem).toMatchObject({
    inputs: ['image', expect.any(String)],
    attributes: { strides: [2, 2], pads: [3, 3, 3, 3], dilations: [1, 1], group: 1 },
  });
  const cast = nodes.find(({ outputs }) => outputs[0] === stem?.inputs[1]);
  expect(cast).toMatchObject({ op: 'Cast', attributes: { to: 1 } });
  expect(initializers.get(cast?.inputs[0] ?? '')).toEqual({ dims: [32, 3, 7, 7], type: 10 });
});

test('written back with the same nodes it holds the same fields', () => {
  const file = readModelFile(demo);
  const same = file.with(file.nodes, []);
  expect(same).toHaveLength(demo.length);
  const again = readModelFile(same);
  expect(again.nodes.map(({ op, inputs, outputs }) => [op, inputs, outputs])).toEqual(
    file.nodes.map(({ op, inputs, outputs }) => [op, inputs, outputs]),
  );
  expect(again.initializers).toEqual(file.initializers);
  expect(Buffer.from(again.with(again.nodes, [])).equals(same)).toBe(true);
});

test('what is added is read back', () => {
  const file = readModelFile(demo);
  const node = {
    op: 'Shape',
    inputs: ['a'],
    outputs: ['b'],
    attributes: { start: -2, axes: [1, -1], mode: 'x' },
  };
  const data = BigInt64Array.of(3n, -1n);
  const written = readModelFile(file.with([node], [{ name: 'sizes', dims: [2], data }]));
  expect(written.nodes).toMatchObject([
    { op: 'Shape', inputs: ['a'], outputs: ['b'], attributes: { start: -2, axes: [1, -1] } },
  ]);
  expect(written.initializers.get('sizes')).toEqual({ dims: [2], type: 7 });
  expect(written.initializers.size).toBe(file.initializers.size + 1);
});
