import { expect } from 'vitest';
import { EngineError } from '../../src/engine/errors.ts';
import { Pipeline } from '../../src/engine/pipeline.ts';
import type { DetectResult, Engine } from '../../src/engine/types.ts';
import { fileSource } from '../../src/prelabel/fileSource.ts';
import type { Source } from '../../src/prelabel/types.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A source whose images are texts. */
export const textSource = (texts: readonly string[]): Source =>
  fileSource(
    'folder:t',
    't',
    texts.map((text, index) => ({ path: `${index}`, blob: () => Promise.resolve(new Blob([text])) })),
  );

/**
 * An engine of the real pipeline for such images; decoding takes 2 ms and fails for 'broken', inference takes 20 ms. Writes down
 * what was inferred, and 'decoded during inference' wherever that happened.
 */
export function pipelineEngine(log: string[]): Engine {
  let inferring = 0;
  const pipeline = new Pipeline<string, DetectResult>({
    async prepare(image) {
      const text = await image.text();
      if (inferring > 0) log.push('decoded during inference');
      await pause(2);
      if (text === 'broken') throw new EngineError('image-truncated');
      return text;
    },
    async infer(text) {
      expect(inferring).toBe(0);
      inferring += 1;
      await pause(20);
      inferring -= 1;
      log.push(text);
      const timings = { decode: 2, preprocess: 0, infer: 20, postprocess: 0, total: 22 };
      return { width: 1, height: 1, detections: [], timings };
    },
    discard: () => undefined,
  });
  return {
    info: { backend: 'native', device: 'test', why: 'test', warmUpMs: 0, modelVersion: 'm-00000000' },
    detect: (image, { signal } = {}) => pipeline.run(image, signal),
    dispose: () => pipeline.idle(),
  };
}
