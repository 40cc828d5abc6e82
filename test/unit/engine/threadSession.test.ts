import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { InferenceSession } from 'onnxruntime-node';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { goldenInput } from '../../../src/detector/golden.ts';
import { createNativeEngine } from '../../../src/engine/native/createNativeEngine.ts';
import { NativeSession } from '../../../src/engine/native/nativeSession.ts';
import type { ModelBytes } from '../../../src/engine/native/readModel.ts';
import { ThreadSession } from '../../../src/engine/native/threadSession.ts';
import type { Engine } from '../../../src/engine/types.ts';
import { EnginePool, nativeEngines } from '../../../src/relay/engine/enginePool.ts';
import { resolveModel } from '../../../src/relay/modelCatalog.ts';
import { drawing, tinyModel, tinyModelDir } from '../../support/tinyModelNode.ts';

let bytes: ModelBytes;
let image: Blob;
beforeAll(async () => {
  bytes = await tinyModel();
  image = new Blob([new Uint8Array(await drawing(90, 60).png().toBuffer())]);
});

/** Threads that were started, last first. */
const threads: Worker[] = [];
const note = (thread: Worker) => void threads.unshift(thread);
beforeAll(() => process.on('worker', note));
afterAll(() => process.off('worker', note));
beforeEach(() => threads.splice(0));

const engines: Engine[] = [];
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.dispose()));
});

async function engineInThread(): Promise<Engine> {
  const engine = await createNativeEngine({ ...bytes, threads: 1, ownThread: true });
  engines.push(engine);
  return engine;
}

test('gives the heads of a session in this thread, image after image', async () => {
  const { manifest, model } = bytes;
  const here = await NativeSession.open(manifest, model, 'cpu', 1);
  const there = await ThreadSession.open(manifest, model, 'cpu', 1);
  const { width, height } = manifest.golden;
  const golden = goldenInput(manifest.golden);
  const shapes: [Float32Array, number, number][] = [
    [golden, height, width],
    [golden.map((value) => -value), height, width],
    [new Float32Array(3 * 64 * 32).fill(0.5), 64, 32],
  ];
  for (const shape of shapes) {
    const heads = await there.run(...shape);
    expect(heads).toEqual(await here.run(...shape));
    expect(Object.values(heads).every(({ data }) => data.length > 0)).toBe(true);
  }
  await Promise.all([here.release(), there.release()]);
});

test('the relay’s own thread opens and runs no network', async () => {
  const create = vi.spyOn(InferenceSession, 'create');
  const pool = new EnginePool(nativeEngines({ gpu: false }));
  try {
    const model = await resolveModel(tinyModelDir, []);
    const found = await pool.detect(model, image, new AbortController().signal);
    expect(found).toMatchObject({ width: 90, height: 60 });
    expect(create).not.toHaveBeenCalled();
    expect(threads).toHaveLength(1);
  } finally {
    create.mockRestore();
    await pool.close();
  }
});

test('what a session refuses, it refuses through its thread, which ends', async () => {
  const { manifest, model } = bytes;
  const golden = structuredClone(manifest.golden);
  const samples = golden.outputs.cls_0?.samples ?? [];
  samples[0] = (samples[0] ?? 0) + 1;
  await expect(ThreadSession.open({ ...manifest, golden }, model, 'cpu', 1)).rejects.toMatchObject({
    name: 'EngineError',
    code: 'self-test',
  });
  await expect(ThreadSession.open(manifest, new Uint8Array([1, 2, 3]), 'cpu', 1)).rejects.toMatchObject({
    code: 'model-invalid',
  });
  expect(threads.map(({ threadId }) => threadId)).toEqual([-1, -1]);
});

test('ends its thread with itself', async () => {
  const session = await ThreadSession.open(bytes.manifest, bytes.model, 'cpu', 1);
  await session.release();
  expect(threads.map(({ threadId }) => threadId)).toEqual([-1]);
});

test('a thread that died is replaced under the image that finds it dead', async () => {
  const engine = await engineInThread();
  const first = await engine.detect(image);
  await threads[0]?.terminate();
  const second = await engine.detect(image);
  expect(second.detections).toEqual(first.detections);
  expect(threads).toHaveLength(2);
});

test('an image whose thread dies twice fails, and the next one gets another thread', async () => {
  const engine = await engineInThread();
  const { detections } = await engine.detect(image);
  await threads[0]?.terminate();
  const die = (thread: Worker) => void once(thread, 'online').then(() => thread.terminate());
  process.on('worker', die);
  try {
    await expect(engine.detect(image)).rejects.toMatchObject({ code: 'device-lost' });
  } finally {
    process.off('worker', die);
  }
  expect((await engine.detect(image)).detections).toEqual(detections);
});

test('an engine whose thread is dead can be disposed of', async () => {
  const engine = await engineInThread();
  await threads[0]?.terminate();
  await expect(engine.dispose()).resolves.toBeUndefined();
});
