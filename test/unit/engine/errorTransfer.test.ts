import { expose, wrap } from 'comlink';
import { afterAll, expect, test } from 'vitest';
import { asEngineError, EngineError, isMachineFailure } from '../../../src/engine/errors.ts';
import { registerErrorTransfer } from '../../../src/engine/errorTransfer.ts';

registerErrorTransfer();
const { port1, port2 } = new MessageChannel();
afterAll(() => port1.close());

test('an EngineError crosses comlink with class, code and message; other errors stay errors', async () => {
  expose(
    {
      engine: () => {
        throw new EngineError('image-truncated', 'JPG');
      },
      plain: () => {
        throw new TypeError('plain');
      },
    },
    port1,
  );
  const remote = wrap<{ engine: () => void; plain: () => void }>(port2);
  const error: unknown = await remote.engine().catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(EngineError);
  expect(error).toMatchObject({
    code: 'image-truncated',
    detail: 'JPG',
    message: new EngineError('image-truncated', 'JPG').message,
  });
  await expect(remote.plain()).rejects.toThrow('plain');
});

test('messages are two sentences with the detail inside the first', () => {
  const { message, what } = new EngineError('model-hash', 'model.onnx\n is odd. ');
  expect(message).toBe(`${what}. Download or export the model again; this file was not used.`);
  expect(what).toBe('The model file is not the one its manifest names (model.onnx is odd)');
});

test('running out of memory is recognised whatever it is called', () => {
  expect(asEngineError(new RangeError('Array buffer allocation failed'), 'inference-failed').code).toBe(
    'out-of-memory',
  );
  expect(asEngineError(new Error('std::bad_alloc'), 'inference-failed').code).toBe('out-of-memory');
  expect(asEngineError(new Error('odd'), 'inference-failed').code).toBe('inference-failed');
});

test('only failures of the machinery are worth another try of the same image', () => {
  expect(isMachineFailure(new EngineError('device-lost'))).toBe(true);
  expect(isMachineFailure(new EngineError('image-truncated'))).toBe(false);
  expect(isMachineFailure(new Error('odd'))).toBe(false);
});
