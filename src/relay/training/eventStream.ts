/** Server-sent events: what the page's EventSource reads, one JSON object an event. */
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';

/** One event on the wire. `id` comes back as Last-Event-ID when the reader's connection broke. */
interface SentEvent {
  readonly id?: string;
  readonly data: unknown;
}

/** The reader reconnects this long after the connection broke, in milliseconds. */
const reconnectAfter = 2000;

/**
 * Sends events until `source` ends or the reader goes away, which aborts the signal that `source` gets. A
 * comment line now and then keeps proxies from closing a connection on which nothing happens.
 */
export function sendEvents(
  c: Context,
  source: (signal: AbortSignal) => AsyncIterable<SentEvent>,
  heartbeat: number,
): Response {
  // A proxy that gathers the answer before it passes it on would show nothing until the end.
  c.header('X-Accel-Buffering', 'no');
  const response = streamSSE(c, async (stream) => {
    const gone = new AbortController();
    stream.onAbort(() => gone.abort());
    const beat = setInterval(() => void stream.write(':\n\n').catch(() => undefined), heartbeat);
    try {
      await stream.write(`retry: ${reconnectAfter}\n\n`);
      for await (const { id, data } of source(gone.signal)) {
        if (gone.signal.aborted) break;
        await stream.writeSSE({ ...(id !== undefined && { id }), data: JSON.stringify(data) });
      }
    } catch (error) {
      // Breaking off is how a reader leaves; what else fails is for the relay's log.
      if (!gone.signal.aborted) throw error;
    } finally {
      clearInterval(beat);
      gone.abort();
    }
  });
  response.headers.set('Cache-Control', 'no-store');
  return response;
}

/** Events that somebody calls out, as something to iterate over. It starts listening at once. */
export function gathered<T>(
  listen: (listener: (event: T) => void) => () => void,
): (signal: AbortSignal) => AsyncGenerator<T> {
  const waiting: T[] = [];
  let wake: () => void = () => undefined;
  const stop = listen((event) => {
    waiting.push(event);
    wake();
  });
  return async function* (signal) {
    signal.addEventListener('abort', () => wake(), { once: true });
    try {
      while (!signal.aborted) {
        const next = waiting.shift();
        if (next !== undefined) yield next;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      stop();
    }
  };
}

/** The same iterable, whose first element has been asked for already. Null: there is none. */
export async function begun<T>(iterable: AsyncIterable<T>): Promise<AsyncGenerator<T> | null> {
  const iterator = iterable[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) return null;
  return (async function* () {
    try {
      yield first.value;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  })();
}
