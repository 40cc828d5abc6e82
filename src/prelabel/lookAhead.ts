import type { SourceItem } from './types.ts';

/** An item that is being worked on. */
export interface Begun<T> {
  readonly item: SourceItem;
  readonly outcome: Promise<T>;
}

/**
 * Yields the wanted items in order; while one is waited for, the next `ahead` have been begun, and never more: memory
 * stays flat whatever the size of the source. When the listing fails, what has begun already is yielded first, then the
 * failure is thrown.
 */
export async function* lookAhead<T>(
  items: AsyncIterable<SourceItem>,
  {
    wanted,
    begin,
    ahead,
    signal,
  }: {
    readonly wanted: (item: SourceItem) => Promise<boolean>;
    readonly begin: (item: SourceItem) => Promise<T>;
    readonly ahead: number;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<Begun<T>> {
  const window: Begun<T>[] = [];
  let failure: { readonly error: unknown } | null = null;
  try {
    for await (const item of items) {
      if (!(await wanted(item))) continue;
      const outcome = begin(item);
      // Looked at when its turn comes; until then a failure is nobody's unhandled rejection.
      outcome.catch(() => undefined);
      window.push({ item, outcome });
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
