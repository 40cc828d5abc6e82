import { expect, test, vi } from 'vitest';
import { openFaster } from '../../../../src/engine/onnx/openFaster.ts';
import { onnxModel } from '../../../support/onnxModel.ts';

const options = { padDivisor: 32, minChannels: 1 };
const attributes = { pads: [1, 1, 1, 1] };
const weights = { name: 'w', dims: [2, 2, 3, 3], data: new Float32Array(36) };
const model = onnxModel(2, [{ op: 'Conv', inputs: ['image', 'w'], outputs: ['out'], attributes }], [weights]);

test('the faster form is opened where there is one', async () => {
  const open = vi.fn((form: Uint8Array) => Promise.resolve(form.length));
  expect(await openFaster(model, options, open)).toBeGreaterThan(model.length);
  expect(open).toHaveBeenCalledOnce();
});

test('where it does not pass, the network is opened as it is in the file', async () => {
  const open = vi.fn((form: Uint8Array) =>
    form === model ? Promise.resolve('as it is') : Promise.reject(new Error('off by 0.2')),
  );
  expect(await openFaster(model, options, open)).toBe('as it is');
});

test('what is wrong with both forms is told of the file', async () => {
  const open = (form: Uint8Array) => Promise.reject(new Error(form === model ? 'the file' : 'the form'));
  await expect(openFaster(model, options, open)).rejects.toThrow('the file');
});

test('a file with nothing to gain is opened once', async () => {
  const open = vi.fn((form: Uint8Array) => Promise.reject(new Error(`${form.length} bytes`)));
  await expect(openFaster(new Uint8Array(3), options, open)).rejects.toThrow('3 bytes');
  expect(open).toHaveBeenCalledOnce();
});
