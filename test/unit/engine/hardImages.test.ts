import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { EngineError } from '../../../src/engine/errors.ts';
import { createNativeEngine } from '../../../src/engine/native/createNativeEngine.ts';
import { sharedData, tinyModelDir } from '../../support/tinyModelNode.ts';

const csv = await sharedData('hard_images/manifest.csv');
const files = (csv?.toString('utf8') ?? '')
  .split('\n')
  .slice(1)
  .map((line) => line.split(',')[0] ?? '')
  .filter(Boolean);

test.skipIf(files.length === 0)(
  `every awkward image ends as detections or one sentence (${files.length || 'skipped: no ../shared/data'} files)`,
  async () => {
    const engine = await createNativeEngine({ modelDir: tinyModelDir });
    const ends = { detected: 0, refused: 0 };
    const tries = files.map(async (file) => {
      const bytes = await readFile(new URL(`../../../../shared/data/hard_images/${file}`, import.meta.url));
      try {
        const { width, height } = await engine.detect(new Blob([new Uint8Array(bytes)]));
        expect(width * height, file).toBeGreaterThan(0);
        ends.detected += 1;
      } catch (error) {
        expect(error, file).toBeInstanceOf(EngineError);
        expect((error as EngineError).code, file).toMatch(/^image-/u);
        ends.refused += 1;
      }
    });
    await Promise.all(tries);
    await engine.dispose();
    expect(ends.detected).toBeGreaterThan(150);
    expect(ends.refused).toBeGreaterThan(5);
  },
  60_000,
);
