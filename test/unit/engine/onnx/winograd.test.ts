import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { readModelFile } from '../../../../src/engine/onnx/modelFile.ts';
import type { GraphNode, NewTensor } from '../../../../src/engine/onnx/modelFile.ts';
import { winogradConvolutions } from '../../../../src/engine/onnx/winograd.ts';
import { onnxModel } from '../../../support/onnxModel.ts';
import { seededRandom } from '../../../support/seededRandom.ts';

const random = seededRandom(7);
const numbers = (length: number) => Float32Array.from({ length }, () => random() * 2 - 1);
const product = (dims: readonly number[]) => dims.reduce((all, dim) => all * dim, 1);
const tensor = (name: string, ...dims: number[]): NewTensor => ({ name, dims, data: numbers(product(dims)) });

const plain = { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], group: 1 };
const conv = (inputs: string[], output = 'out', attributes: GraphNode['attributes'] = plain): GraphNode => ({
  op: 'Conv',
  inputs,
  outputs: [output],
  attributes,
});

/** Of the largest value, or of 1: what is small in itself is the difference of larger ones, and has their rounding. */
const ROUNDING = 5e-5;

const demo = readFileSync(new URL('../../../../models/demo-face/model.onnx', import.meta.url));

const all = { padDivisor: 1, minChannels: 1 };
const operators = (model: Uint8Array) => readModelFile(model).nodes.map(({ op }) => op);
const rewrittenIn = (model: Uint8Array, options = all) =>
  operators(winogradConvolutions(model, options)).filter((op) => op === 'DepthToSpace').length;

async function run(model: Uint8Array, channels: number, height: number, width: number, output = 'out') {
  const session = await InferenceSession.create(model, { logSeverityLevel: 3 });
  const pixels = Float32Array.from({ length: channels * height * width }, (_, i) => Math.sin(i * 1.7));
  const outputs = await session.run({ image: new Tensor('float32', pixels, [1, channels, height, width]) });
  await session.release();
  const { dims, data } = outputs[output] ?? { dims: [], data: new Float32Array() };
  return { dims, data: data as Float32Array };
}

/** The largest difference, as a part of the largest value or of 1. */
function difference(got: Float32Array, wanted: Float32Array): number {
  let [most, worst] = [1, 0];
  for (const [i, value] of wanted.entries()) {
    most = Math.max(most, Math.abs(value));
    worst = Math.max(worst, Math.abs(value - (got[i] ?? Number.NaN)));
  }
  return worst / most;
}

describe('convolutions in the form of Winograd', () => {
  test('give the numbers of the runtime, at every size, with and without a bias', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          height: fc.integer({ min: 1, max: 19 }),
          width: fc.integer({ min: 1, max: 19 }),
          from: fc.integer({ min: 1, max: 9 }),
          to: fc.integer({ min: 1, max: 9 }),
          hasBias: fc.boolean(),
        }),
        async ({ height, width, from, to, hasBias }) => {
          const weights = [tensor('w', to, from, 3, 3), ...(hasBias ? [tensor('b', to)] : [])];
          const model = onnxModel(from, [conv(['image', ...weights.map(({ name }) => name)])], weights);
          const faster = winogradConvolutions(model, all);
          expect(operators(faster)).toContain('MatMul');
          const [got, wanted] = [
            await run(faster, from, height, width),
            await run(model, from, height, width),
          ];
          expect(got.dims).toEqual(wanted.dims);
          expect(difference(got.data, wanted.data)).toBeLessThan(ROUNDING);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('need no cropping where the padding makes whole tiles, and crop where it does not', async () => {
    const model = onnxModel(4, [conv(['image', 'w', 'b'])], [tensor('w', 5, 4, 3, 3), tensor('b', 5)]);
    const whole = winogradConvolutions(model, { ...all, padDivisor: 32 });
    expect(operators(whole)).not.toContain('Slice');
    expect(operators(winogradConvolutions(model, { ...all, padDivisor: 6 }))).toContain('Slice');
    const [got, wanted] = [await run(whole, 4, 32, 64), await run(model, 4, 32, 64)];
    expect(difference(got.data, wanted.data)).toBeLessThan(ROUNDING);
  });

  test('follow each other with other channels, on a map whose sides the padding does not make whole tiles', async () => {
    const half = { kernel_shape: [2, 2], strides: [2, 2] };
    const model = onnxModel(
      3,
      [
        { op: 'MaxPool', inputs: ['image'], outputs: ['half'], attributes: half },
        conv(['half', 'w1', 'b1'], 'first'),
        { op: 'Relu', inputs: ['first'], outputs: ['positive'] },
        conv(['positive', 'w2'], 'second'),
        conv(['second', 'w3', 'b3']),
      ],
      [
        tensor('w1', 5, 3, 3, 3),
        tensor('b1', 5),
        tensor('w2', 6, 5, 3, 3),
        tensor('w3', 5, 6, 3, 3),
        tensor('b3', 5),
      ],
    );
    expect(rewrittenIn(model)).toBe(3);
    const faster = winogradConvolutions(model, { ...all, padDivisor: 4 });
    const [got, wanted] = [await run(faster, 3, 12, 20), await run(model, 3, 12, 20)];
    expect(got.dims).toEqual(wanted.dims);
    expect(difference(got.data, wanted.data)).toBeLessThan(ROUNDING);
  });

  test('share one transformed kernel where they share weights, as the levels of a pyramid do', async () => {
    const model = onnxModel(
      3,
      [
        conv(['image', 'stem'], 'a'),
        conv(['a', 'w', 'b'], 'first'),
        {
          op: 'MaxPool',
          inputs: ['a'],
          outputs: ['half'],
          attributes: { kernel_shape: [2, 2], strides: [2, 2] },
        },
        conv(['half', 'w', 'b'], 'second'),
      ],
      [tensor('stem', 4, 3, 3, 3), tensor('w', 4, 4, 3, 3), tensor('b', 4)],
      { outputs: ['first', 'second'] },
    );
    const faster = winogradConvolutions(model, { ...all, minChannels: 4 });
    expect(rewrittenIn(model, { ...all, minChannels: 4 })).toBe(2);
    expect(operators(faster).filter((op) => op === 'Transpose')).toHaveLength(1);
    for (const output of ['first', 'second']) {
      const [got, wanted] = [await run(faster, 3, 14, 22, output), await run(model, 3, 14, 22, output)];
      expect(difference(got.data, wanted.data)).toBeLessThan(ROUNDING);
    }
  });

  test('are made of the bundled network, whose weights are stored in half precision', () => {
    expect(rewrittenIn(demo, { padDivisor: 32, minChannels: 64 })).toBe(16);
    expect(rewrittenIn(demo, { padDivisor: 32, minChannels: 128 })).toBe(3);
  });

  test('are not made where weights in half precision are used as they are stored', () => {
    const file = readModelFile(demo);
    const nodes = file.nodes.map(({ bytes, ...node }) =>
      node.op === 'Cast' ? { ...node, op: 'Identity' } : { ...node, ...(bytes && { bytes }) },
    );
    expect(rewrittenIn(file.with(nodes, []))).toBe(0);
  });

  test('take weights that are cast to float32, and not those cast to half precision', () => {
    const weights = [tensor('w', 4, 4, 3, 3)];
    const cast: GraphNode = { op: 'Cast', inputs: ['w'], outputs: ['wide'], attributes: { to: 1 } };
    const toHalf: GraphNode = { op: 'Cast', inputs: ['w'], outputs: ['wide'], attributes: { to: 10 } };
    const same: GraphNode = { op: 'Identity', inputs: ['wide'], outputs: ['again'] };
    expect(rewrittenIn(onnxModel(4, [cast, conv(['image', 'wide'])], weights))).toBe(1);
    expect(rewrittenIn(onnxModel(4, [cast, same, conv(['image', 'again'])], weights))).toBe(1);
    expect(rewrittenIn(onnxModel(4, [toHalf, conv(['image', 'wide'])], weights))).toBe(0);
  });

  test.each([
    ['of stride 2', { ...plain, strides: [2, 2] }],
    ['of uneven strides', { ...plain, strides: [1, 2] }],
    ['with uneven padding', { ...plain, pads: [1, 1, 2, 1] }],
    ['with holes', { ...plain, dilations: [2, 2] }],
    ['of groups', { ...plain, group: 2 }],
    ['without padding', { ...plain, pads: [0, 0, 0, 0] }],
    ['with padding by name', { ...plain, auto_pad: 'SAME_UPPER' }],
    ['that say nothing of padding', {}],
  ])('are not made of those %s', (_, attributes) => {
    const model = onnxModel(4, [conv(['image', 'w'], 'out', attributes)], [tensor('w', 4, 4, 3, 3)]);
    expect(winogradConvolutions(model, all)).toBe(model);
  });

  test.each([
    ['with another kernel', [4, 4, 1, 1], 1],
    ['with a kernel across', [4, 4, 1, 3], 1],
    ['with a kernel down', [4, 4, 3, 1], 1],
    ['with few channels going in', [8, 4, 3, 3], 8],
    ['with few channels coming out', [4, 8, 3, 3], 8],
  ])('are not made of those %s', (_, dims, minChannels) => {
    const model = onnxModel(dims[1] ?? 0, [conv(['image', 'w'])], [tensor('w', ...dims)]);
    expect(winogradConvolutions(model, { ...all, minChannels })).toBe(model);
  });

  test('are made up to a stride of 16, also behind a group norm and beside an enlarged map', () => {
    const down = (from: string, to: string): GraphNode => ({
      op: 'MaxPool',
      inputs: [from],
      outputs: [to],
      attributes: { kernel_shape: [4, 4], strides: [4, 4] },
    });
    const norm: GraphNode[] = [
      { op: 'Reshape', inputs: ['sixteenth', 'groups'], outputs: ['grouped'] },
      { op: 'InstanceNormalization', inputs: ['grouped', 'scale', 'shift'], outputs: ['normed'] },
      { op: 'Shape', inputs: ['sixteenth'], outputs: ['shape'] },
      { op: 'Reshape', inputs: ['normed', 'shape'], outputs: ['map'] },
      { op: 'Add', inputs: ['enlarged', 'map'], outputs: ['sum'] },
    ];
    const nodes = [down('image', 'quarter'), down('quarter', 'sixteenth'), ...norm];
    const weights = [tensor('w', 4, 4, 3, 3)];
    expect(rewrittenIn(onnxModel(4, [...nodes, conv(['sum', 'w'])], weights))).toBe(1);
    expect(rewrittenIn(onnxModel(4, [...nodes, conv(['grouped', 'w'])], weights))).toBe(0);
    const further: GraphNode = { ...down('sum', 'small'), attributes: { strides: [2, 2] } };
    expect(rewrittenIn(onnxModel(4, [...nodes, further, conv(['small', 'w'])], weights))).toBe(0);
    const uneven: GraphNode = { ...down('image', 'flat'), attributes: { strides: [2, 1] } };
    expect(rewrittenIn(onnxModel(4, [uneven, conv(['flat', 'w'])], weights))).toBe(0);
  });

  test('are left to files that can be read and are new enough', () => {
    const weights = [tensor('w', 4, 4, 3, 3)];
    const old = onnxModel(4, [conv(['image', 'w'])], weights, { opset: 14 });
    expect(winogradConvolutions(old, all)).toBe(old);
    for (const bytes of [new Uint8Array(), new TextEncoder().encode('no model'), old.subarray(0, 99)]) {
      expect(winogradConvolutions(bytes, all)).toBe(bytes);
    }
  });
});
