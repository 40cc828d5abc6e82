import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createNativeEngine } from '../../../src/engine/native/createNativeEngine.ts';
import type { Engine } from '../../../src/engine/types.ts';
import { drawing, tinyModel, tinyModelDir } from '../../support/tinyModelNode.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createNativeEngine({ modelDir: tinyModelDir });
});
afterAll(() => engine.dispose());

const png = async (width: number, height: number) =>
  new Blob([new Uint8Array(await drawing(width, height).png().toBuffer())]);

describe('the native engine', () => {
  test('says what it is', () => {
    expect(engine.info).toMatchObject({ backend: 'native', device: 'CPU' });
    expect(engine.info.modelVersion).toMatch(/^tiny-model-[0-9a-f]{8}$/u);
    expect(engine.info.warmUpMs).toBeGreaterThan(0);
  });

  test('finds boxes inside the image, best first, and says how long it took', async () => {
    const { width, height, detections, timings } = await engine.detect(await png(200, 150));
    expect([width, height]).toEqual([200, 150]);
    expect(detections.length).toBeGreaterThan(3);
    const scores = detections.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    for (const { x1, y1, x2, y2 } of detections) {
      expect(Math.min(x1, y1)).toBeGreaterThanOrEqual(0);
      expect(x2).toBeLessThanOrEqual(200.001);
      expect(y2).toBeLessThanOrEqual(150.001);
    }
    const { decode, preprocess, infer, postprocess, total } = timings;
    expect(total).toBeCloseTo(decode + preprocess + infer + postprocess, 3);
  });

  test.each([
    [1, 1],
    [20_000, 1],
    [1, 500],
    [20_000, 100],
  ])('takes an image of %i x %i', async (width, height) => {
    expect(await engine.detect(await png(width, height))).toMatchObject({ width, height });
  });

  test('many at once keep their order, and a bad one leaves the others alone', async () => {
    const [good, bad] = [await png(80, 60), new Blob(['no image'])];
    const results = await Promise.allSettled(
      [good, bad, good, bad, good].map((image) => engine.detect(image)),
    );
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
  });

  test('an abort rejects at once with its reason, and the engine goes on', async () => {
    const image = await png(300, 300);
    const abort = new AbortController();
    const reason = new Error('enough');
    const aborted = engine.detect(image, { signal: abort.signal });
    const next = engine.detect(image);
    abort.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await expect(next).resolves.toMatchObject({ width: 300 });
  });
});

test('after dispose a call is refused', async () => {
  const short = await createNativeEngine(await tinyModel());
  await short.dispose();
  await expect(short.detect(await png(10, 10))).rejects.toMatchObject({ code: 'disposed' });
});

describe('a model is not used', () => {
  test('when its bytes are not the ones the manifest names', async () => {
    const { manifest, model } = await tinyModel();
    const changed = Uint8Array.from(model);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    await expect(createNativeEngine({ manifest, model: changed })).rejects.toMatchObject({
      code: 'model-hash',
    });
  });

  test('when it fails its self-test', async () => {
    const { manifest, model } = await tinyModel();
    const golden = structuredClone(manifest.golden);
    const samples = golden.outputs.cls_0?.samples ?? [];
    samples[0] = (samples[0] ?? 0) + 1;
    await expect(createNativeEngine({ manifest: { ...manifest, golden }, model })).rejects.toMatchObject({
      code: 'self-test',
    });
  });

  test('when it lacks an output that the manifest names', async () => {
    const { manifest, model } = await tinyModel();
    const levels = manifest.outputs.levels.map((level) => ({ ...level, bbox: `${level.bbox}_missing` }));
    const wrong = { ...manifest, outputs: { ...manifest.outputs, levels } };
    await expect(createNativeEngine({ manifest: wrong, model })).rejects.toMatchObject({
      code: 'model-invalid',
    });
  });

  test('when the folder has none', async () => {
    await expect(createNativeEngine({ modelDir: '/nowhere' })).rejects.toMatchObject({
      code: 'model-invalid',
    });
  });
});

test("with gpu 'auto' there is always an engine, and it says why it is that one", async () => {
  const auto = await createNativeEngine({ modelDir: tinyModelDir, gpu: 'auto' });
  expect(auto.info.why).toMatch(
    auto.info.device === 'GPU' ? /passed/u : /has no GPU|could not be used|CPU takes/u,
  );
  expect(auto.info.why).not.toMatch(/\/onnxruntime|lambda/u);
  expect((await auto.detect(await png(64, 64))).width).toBe(64);
  await auto.dispose();
});
