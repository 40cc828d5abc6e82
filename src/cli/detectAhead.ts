import type { DetectResult, Engine } from '../engine/types.ts';
import type { Source } from '../prelabel/types.ts';

/**
 * Hands an image to the engine as soon as its bytes are there. A run asks for one detection at a time and
 * loads the next images meanwhile; with this, they are decoded meanwhile too. The engine keeps the order and
 * limits how many it holds.
 */
export function detectAhead(
  source: Source,
  engine: Engine,
): { readonly source: Source; readonly engine: Engine } {
  const begun = new WeakMap<Blob, Promise<DetectResult>>();
  return {
    source: {
      id: source.id,
      title: source.title,
      count: (signal) => source.count(signal),
      async *items(signal, after) {
        for await (const item of source.items(signal, after)) {
          yield {
            ...item,
            async load(loadSignal) {
              const image = await item.load(loadSignal);
              const detection = engine.detect(image, { signal: loadSignal });
              // Looked at when the run asks for it; until then a failure is nobody's unhandled rejection.
              detection.catch(() => undefined);
              begun.set(image, detection);
              return image;
            },
          };
        }
      },
    },
    engine: {
      info: engine.info,
      detect: (image, options) => begun.get(image) ?? engine.detect(image, options),
      dispose: () => engine.dispose(),
    },
  };
}
