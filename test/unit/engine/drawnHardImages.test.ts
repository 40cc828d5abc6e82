import { afterAll, beforeAll, expect, test } from 'vitest';
import { EngineError } from '../../../src/engine/errors.ts';
import { createNativeEngine } from '../../../src/engine/native/createNativeEngine.ts';
import type { Engine } from '../../../src/engine/types.ts';
import { drawnHardImages } from '../../support/drawnHardImages.ts';
import { tinyModelDir } from '../../support/tinyModelNode.ts';

const images = await drawnHardImages();
let engine: Engine;
beforeAll(async () => (engine = await createNativeEngine({ modelDir: tinyModelDir, threads: 1 })));
afterAll(() => engine.dispose());

test.each(images.map((image) => [image.name, image] as const))('%s', async (_name, { bytes, expected }) => {
  const detecting = engine.detect(new Blob([new Uint8Array(bytes)]));
  if ('width' in expected) {
    expect(await detecting).toMatchObject(expected);
    return;
  }
  const error: unknown = await detecting.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EngineError);
  expect(expected.codes).toContain((error as EngineError).code);
  // What happened, and what to do.
  expect((error as EngineError).message).toMatch(/^[A-Z][^.]*(?:\([^)]*\))?\. [A-Z].*\.$/u);
});

test('a header that claims four gigapixels takes no memory', async () => {
  const bombs = images.filter(({ name }) => name.startsWith('bomb'));
  const before = process.memoryUsage().rss;
  let most = before;
  for (let round = 0; round < 20; round += 1) {
    for (const { bytes } of bombs)
      await engine.detect(new Blob([new Uint8Array(bytes)])).catch(() => undefined);
    most = Math.max(most, process.memoryUsage().rss);
  }
  expect(most - before).toBeLessThan(100e6);
});
