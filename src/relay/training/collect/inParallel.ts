/**
 * Runs `work` for every item, at most `width` at a time. The first failure aborts the others; it is thrown when all
 * have ended, so that nothing goes on behind the caller's back.
 */
export async function inParallel<T>(
  items: Iterable<T>,
  width: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  // One iterator for all: each takes the next item that nobody has.
  const rest = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    try {
      for (let next = rest.next(); next.done !== true; next = rest.next()) {
        either.throwIfAborted();
        await work(next.value, either);
      }
    } catch (error) {
      if (!either.aborted) failure.abort(error);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  either.throwIfAborted();
}
