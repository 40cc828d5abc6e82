import type { SourceItem } from './types.ts';

/** An item whose bytes are on their way. */
export interface Loading {
  readonly item: SourceItem;
  readonly bytes: Promise<Blob>;
}

/**
 * Yields the wanted items in order; while one is worked on, the bytes of the next `ahead` are being loaded, and
 * never more: memory stays flat whatever the size of the source. When the listing fails, what is loading
 * already is yielded first, then the failure is thrown.
 */
export async function* lookAhead(
  items: AsyncIterable<SourceItem>,
  wanted: (item: SourceItem) => Promise<boolean>,
  ahead: number,
  signal: AbortSignal,
): AsyncGenerator<Loading> {
  const window: Loading[] = [];
  let failure: { readonly error: unknown } | null = null;
  try {
    for await (const item of items) {
      if (!(await wanted(item))) continue;
      const bytes = item.load(signal);
      // Looked at when its turn comes; until then a failure is nobody's unhandled rejection.
      bytes.catch(() => undefined);
      window.push({ item, bytes });
      if (window.length <= ahead) continue;
      const next = window.shift();
      if (next !== undefined) yield next;
    }
  } catch (error) {
    signal.throwIfAborted();
    failure = { error };
  }
  yield* window;
  if (failure !== null) throw failure.error;
}
