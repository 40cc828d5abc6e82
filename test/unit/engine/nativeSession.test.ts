import { InferenceSession } from 'onnxruntime-node';
import { afterEach, expect, test, vi } from 'vitest';
import { NativeSession } from '../../../src/engine/native/nativeSession.ts';
import { tinyModel } from '../../support/tinyModelNode.ts';
import { isWinograd, wideModel } from '../../support/wideModel.ts';

const create = vi.spyOn(InferenceSession, 'create');
afterEach(() => create.mockClear());

/** Whether each of the forms that the runtime was given is Winograd's. */
const forms = () => create.mock.calls.map(([model]) => isWinograd(model));

async function opened(channels: number): Promise<NativeSession> {
  const { manifest, model } = await tinyModel();
  return NativeSession.open(manifest, wideModel(model, channels), 'cpu', 1);
}

test('wide convolutions are opened in Winograd’s form', async () => {
  await (await opened(256)).release();
  expect(forms()).toEqual([true]);
});

test('narrow ones are opened as they are', async () => {
  await (await opened(255)).release();
  expect(forms()).toEqual([false]);
});

test('where the form cannot be opened, the file is', async () => {
  create.mockRejectedValueOnce(new Error('no memory for the weights'));
  await (await opened(256)).release();
  expect(forms()).toEqual([true, false]);
});
