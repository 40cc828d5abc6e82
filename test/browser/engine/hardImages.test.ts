import { expect, test } from 'vitest';
import { commands } from 'vitest/browser';
import { EngineError } from '../../../src/engine/errors.ts';
import { tinyEngine } from '../../support/tinyModelEngine.ts';
import { fromBase64 } from '../../support/tinyModelImages.ts';

const files = await commands.hardImages();

test.skipIf(files.length === 0)(
  `every awkward image ends as detections or one sentence (${files.length || 'skipped: no ../shared/data'} files)`,
  async () => {
    const engine = await tinyEngine({ backends: ['wasm'] });
    const ends = { detected: 0, refused: 0 };
    for (const file of files) {
      try {
        const { width, height } = await engine.detect(fromBase64(await commands.hardImage(file)));
        expect(width * height, file).toBeGreaterThan(0);
        ends.detected += 1;
      } catch (error) {
        expect(error, file).toBeInstanceOf(EngineError);
        expect((error as EngineError).code, file).toMatch(/^image-/u);
        ends.refused += 1;
      }
    }
    await engine.dispose();
    // Browsers read no TIFF, of which there are many here.
    expect(ends.detected).toBeGreaterThan(120);
    expect(ends.refused).toBeGreaterThan(20);
  },
  150_000,
);

test('drawn ones end as they should, and headers that lie are not believed', async () => {
  const engine = await tinyEngine({ backends: ['wasm'] });
  for (const { name, base64, expected } of await commands.drawnHardImages()) {
    const detecting = engine.detect(fromBase64(base64));
    if ('width' in expected) {
      expect(await detecting, name).toMatchObject(expected);
      continue;
    }
    const error: unknown = await detecting.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error, name).toBeInstanceOf(EngineError);
    expect(expected.codes, name).toContain((error as EngineError).code);
  }
  await engine.dispose();
});
