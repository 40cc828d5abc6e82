import { EngineError } from '../../../engine/errors.ts';

/** No image that a training takes is larger, and no page of annotations. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * A `fetch` whose answers end with `EngineError` 'image-too-large' when they grow beyond `most` bytes: an address in a
 * task may lead to anything, even to something without an end, and four answers are held at a time.
 */
export function boundedFetch(inner: typeof fetch = fetch, most: number = MOST_BYTES): typeof fetch {
  return async (input, init) => {
    const response = await inner(input, init);
    if (response.body === null) return response;
    let size = 0;
    const counted = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        size += chunk.byteLength;
        if (size > most) controller.error(new EngineError('image-too-large', `more than ${most} bytes`));
        else controller.enqueue(chunk);
      },
    });
    return new Response(response.body.pipeThrough(counted), response);
  };
}
