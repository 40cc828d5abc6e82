/** Milliseconds that a call may take, answer's body included. */
export const CALL_TIMEOUT = 30_000;
/** Images may be large. */
export const LONG_CALL_TIMEOUT = 120_000;
/** After a bulk write Label Studio counts the whole project anew: 6.5 s with 10,000 tasks on two cores. */
export const WRITE_TIMEOUT = 240_000;

/** The reason of the signal that `withDeadline` hands out, once its time is over. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/**
 * Runs `work` with a signal that is aborted when the caller's is, or after `milliseconds`. Rejects with
 * the caller's own reason, with `DeadlineError`, or with what `work` rejected with.
 */
export async function withDeadline<T>(
  signal: AbortSignal | undefined,
  milliseconds: number,
  work: (inner: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const forward = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', forward, { once: true });
  const timer = setTimeout(() => controller.abort(new DeadlineError('The time is over.')), milliseconds);
  try {
    return await work(controller.signal);
  } catch (error) {
    // Whatever form `fetch` gives to an abort, the reason is what counts.
    controller.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', forward);
  }
}

/** Waits for `work`, but not longer than the caller wants to; `work` goes on for others who wait. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const abort = () => {
      try {
        signal.throwIfAborted();
      } catch (reason) {
        reject(reason instanceof Error ? reason : new Error(String(reason)));
      }
    };
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Waits so many milliseconds; rejects with the signal's reason. */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  if (milliseconds <= 0) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    signal?.addEventListener('abort', done, { once: true });
  });
  signal?.throwIfAborted();
}
