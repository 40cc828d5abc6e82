import { Patience } from './retry.ts';
import type { RetryOptions } from './retry.ts';
import { ConnectionError } from './connectionError.ts';
import type { ItemError, ItemResult, PredictionSink, ResultStore } from './types.ts';

/** Results offered at once: what a post costs Label Studio depends on the project more than on how many are in it. */
const CHUNK = 5000;
/** How long a stored result waits for others to be posted with it, at least and at most. */
const GATHER_MS = 2000;
const MOST_GATHER_MS = 60_000;
/** Where posts take long, in large projects, Label Studio is left that many times as long for everything else. */
const REST = 4;

export interface OutboxOptions extends RetryOptions {
  readonly store: ResultStore;
  readonly sink: PredictionSink;
  readonly sourceId: string;
  readonly modelVersion: string;
  /** False once no more results will be stored. Its change must ring the bell. */
  moreToCome(): boolean;
  unlessPaused(signal: AbortSignal): Promise<void>;
  /** All of the run's items are done and confirmed. */
  complete(): boolean;
  posted(keys: readonly string[]): void;
  rejected(key: string, error: ItemError): void;
}

/**
 * Posts what waits in the outbox until it is empty and nothing more will come. A result leaves the outbox only
 * when the receiver has confirmed or refused it; one whose post was cut off is offered again, and the
 * receiver, being idempotent, keeps one. Throws what waiting cannot mend; the rest stays in the outbox.
 */
export async function drainOutbox(options: OutboxOptions): Promise<void> {
  const patience = new Patience(options);
  const { clock, bell, signal } = options;
  let confirmed = 0;
  for (;;) {
    // Read before the round: a result stored during it deserves another one.
    const more = options.moreToCome();
    const round = await postOnce(options, patience);
    confirmed += round.confirmed;
    if (round.offered === 0 && !more) break;
    // What waited already is not made to wait; what was stored during a post gathers company first.
    if (round.offered === CHUNK || !options.moreToCome()) continue;
    const rest = Math.min(MOST_GATHER_MS, REST * round.ms);
    await bell.heardWithin(clock, Math.max(GATHER_MS, rest), signal);
  }
  // Label Studio refuses to show a version that it holds no prediction of.
  const replaces = options.sink.replaces ?? null;
  if (confirmed > 0 || (replaces !== null && options.complete()))
    await insist(patience, options, () =>
      options.sink.finish(options.complete(), options.signal).catch(asConnectionError),
    );
}

interface Round {
  readonly offered: number;
  readonly confirmed: number;
  /** What the post took, waits for a receiver in trouble not included. */
  readonly ms: number;
}

async function postOnce(options: OutboxOptions, patience: Patience): Promise<Round> {
  const { clock, store, sourceId, modelVersion } = options;
  const chunk = await insist(patience, options, () => store.outbox(sourceId, modelVersion, CHUNK));
  if (chunk.length === 0) return { offered: 0, confirmed: 0, ms: 0 };
  return insist(patience, options, async () => {
    const began = clock.now();
    const confirmed = await postChunk(options, chunk);
    return { offered: chunk.length, confirmed, ms: clock.now() - began };
  });
}

async function postChunk(options: OutboxOptions, chunk: readonly ItemResult[]): Promise<number> {
  const { store, sink, signal, sourceId, modelVersion } = options;
  const outcome = await sink.post(chunk, signal).catch(asConnectionError);
  const held = new Set(outcome.stored);
  const reasons = new Map(outcome.rejected.map(({ task, reason }) => [task, reason]));

  const stored = chunk.filter(({ taskId }) => taskId !== null && held.has(taskId));
  const keys = stored.map(({ key }) => key);
  await store.confirm(sourceId, modelVersion, keys);
  if (keys.length > 0) options.posted(keys);

  let refused = 0;
  for (const result of chunk) {
    const { taskId } = result;
    if (taskId !== null && held.has(taskId)) continue;
    const reason = taskId === null ? 'It belongs to no task. Export it instead.' : reasons.get(taskId);
    if (reason === undefined) continue;
    const error = { code: 'rejected', message: reason };
    await store.reject(sourceId, modelVersion, result.key, error);
    options.rejected(result.key, error);
    refused += 1;
  }
  if (keys.length + refused === 0) {
    // Neither yes nor no: asking again at once would only turn in circles.
    throw new ConnectionError('unreachable', 'The receiver took the results but confirmed none of them.');
  }
  return keys.length;
}

/** A sink that rejects has said nothing about the results, whatever it rejects with. */
function asConnectionError(error: unknown): never {
  if (error instanceof ConnectionError) throw error;
  const message = error instanceof Error ? error.message : 'The results could not be posted.';
  throw new ConnectionError('unreachable', message, { cause: error });
}

/** Does `work` until it succeeds, with waits in between; a paused run waits too. */
async function insist<T>(patience: Patience, options: OutboxOptions, work: () => Promise<T>): Promise<T> {
  for (;;) {
    await options.unlessPaused(options.signal);
    try {
      const value = await work();
      patience.reset();
      return value;
    } catch (error) {
      await patience.wait(error);
    }
  }
}
