import { EngineError, isMachineFailure } from '../engine/errors.ts';
import type { EngineErrorCode } from '../engine/errors.ts';
import type { DetectResult, Engine } from '../engine/types.ts';
import { systemClock, untilAborted } from './clock.ts';
import type { Clock } from './clock.ts';
import { ConnectionError } from './connectionError.ts';
import { doneResult, failedResult, messageOf } from './itemResult.ts';
import { lookAhead } from './lookAhead.ts';
import type { Begun } from './lookAhead.ts';
import type { Patience } from './retry.ts';
import type { RunState } from './runState.ts';
import type { ItemResult, ResultStore, Source, SourceItem } from './types.ts';

/** Without a working engine every image would fail for the same reason: these end the run instead. */
const deadEngine: readonly EngineErrorCode[] = [
  'disposed',
  'model-download',
  'model-hash',
  'model-invalid',
  'self-test',
  'backend-unavailable',
];
/** So many machine failures without one success between them are the machine's fault, not the images'. */
const FAILURES_IN_A_ROW = 10;
/** Results of earlier passes are offered to the sink in groups: one transaction each would take longer. */
const REQUEUE = 100;
/** Results that may be on their way into the store while the next image is under inference. */
const WRITES = 16;
/** So long the first image waits to be told how many there are: counting can take longer than listing. */
const COUNT_MS = 300;

export interface FeedOptions {
  readonly source: Source;
  readonly engine: Engine;
  readonly store: ResultStore;
  readonly modelVersion: string;
  readonly queueForPosting: boolean;
  readonly retryFailed: boolean;
  readonly prefetch: number;
  readonly clock: Clock;
  readonly state: RunState;
  readonly patience: Patience;
  readonly signal: AbortSignal;
}

/** Takes the items of a source through the engine into the store, in their order, until all are dealt with. */
export class Feed {
  readonly #options: FeedOptions;
  /** Keys dealt with in this run: after trouble with the source the listing starts anew. */
  readonly #seen = new Set<string>();
  #requeue: string[] = [];
  /** Key of the item that was listed last: behind it the listing goes on after trouble. */
  #listed: string | undefined;
  #failuresInARow = 0;
  /** Oldest first. They end well, or the run ends. */
  readonly #writes: Promise<void>[] = [];

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Rejects with what ends the run: an abort, a source that refuses, an engine that is gone. */
  async run(): Promise<void> {
    const { patience, signal, state } = this.#options;
    for (;;) {
      try {
        await state.unlessPaused(signal);
        if (state.tally.total === 0) await this.#count();
        state.enter('running');
        await this.#pass();
        patience.reset();
        break;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ConnectionError)) throw error;
        await patience.wait(error);
      }
    }
    // What the source counted may have changed since.
    state.tally.total = state.tally.handled;
    state.changed();
  }

  /** Resolves once the number of items is known, or is taking too long; it is then shown as soon as it comes. */
  async #count(): Promise<void> {
    const { signal, source, state } = this.#options;
    let late = false;
    const counting = source.count(signal).then((total) => {
      state.tally.total = total;
      state.tally.announced = total;
      if (late) state.changed();
    });
    // Should it fail late, the listing has said so already, or has no trouble.
    counting.catch(() => undefined);
    const enough = new AbortController();
    try {
      // In real time, whatever the run's clock is: no wait for anybody depends on it.
      const tired = systemClock.sleep(COUNT_MS, enough.signal);
      tired.catch(() => undefined);
      await untilAborted(Promise.race([counting, tired]), signal);
    } finally {
      late = true;
      enough.abort();
    }
  }

  async #pass(): Promise<void> {
    const { prefetch, signal, source, state } = this.#options;
    const pass = new AbortController();
    const inHand = new Set<Promise<DetectResult>>();
    const stop = (): void => pass.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    try {
      const items = source.items(pass.signal, this.#listed);
      const begin = (item: SourceItem): Promise<DetectResult> => {
        const outcome = this.#begin(item, pass.signal);
        inHand.add(outcome);
        const over = (): boolean => inHand.delete(outcome);
        outcome.then(over, over);
        return outcome;
      };
      const wanted = (item: SourceItem): Promise<boolean> => this.#wanted(item);
      for await (const begun of lookAhead(items, { wanted, begin, ahead: prefetch, signal: pass.signal })) {
        await state.unlessPaused(signal);
        await this.#handle(begun, begin);
      }
      await this.#written(0);
      await this.#flushRequeue();
    } finally {
      // What has reached the store is counted, however the pass ends.
      await Promise.allSettled(this.#writes);
      signal.removeEventListener('abort', stop);
      // What nobody waits for any more. The next run must find it out of the engine, which obeys an abort at once.
      pass.abort();
      await Promise.allSettled(inHand);
    }
  }

  /** False for what is stored already; counts it. */
  async #wanted(item: SourceItem): Promise<boolean> {
    const { modelVersion, queueForPosting, retryFailed, signal, source, state, store } = this.#options;
    signal.throwIfAborted();
    // The listing answers again. Only a finished item resets the waits: its bytes may still not come.
    state.sourceTrouble(null);
    this.#listed = item.key;
    if (this.#seen.has(item.key)) return false;
    const known = await this.#insistOnStore(() => store.get(source.id, item.key, modelVersion));
    if (known === undefined || (known.state === 'failed' && retryFailed)) return true;
    this.#seen.add(item.key);
    if (known.state === 'failed') {
      state.tally.failed += 1;
    } else {
      state.tally.skipped += 1;
      if (queueForPosting && !state.tally.isSettled(item.key)) this.#requeue.push(item.key);
      if (this.#requeue.length >= REQUEUE) await this.#flushRequeue();
    }
    state.changed();
    return false;
  }

  /**
   * Hands the image to the engine as soon as its bytes are there: while one is inferred, the engine decodes the next. It
   * keeps their order, and limits how many it holds.
   */
  async #begin(item: SourceItem, passing: AbortSignal): Promise<DetectResult> {
    const { engine, state } = this.#options;
    const image = await untilAborted(item.load(passing), passing);
    await state.unlessPaused(passing);
    return engine.detect(image, { signal: passing });
  }

  async #handle(
    { item, outcome }: Begun<DetectResult>,
    again: (item: SourceItem) => Promise<DetectResult>,
  ): Promise<void> {
    const { modelVersion, source, state } = this.#options;
    // The same key twice within the window of what is loading.
    if (this.#seen.has(item.key)) return;
    const result = await this.#insistOnImage(item, outcome, again);
    this.#seen.add(item.key);
    this.#options.patience.reset();
    const writing = this.#keep(result);
    // Awaited by `#written`, maybe later than it fails.
    writing.catch(() => undefined);
    this.#writes.push(writing);
    // A preview ends with the very image that was asked for.
    await this.#written(state.previewing ? 0 : WRITES);
    if (this.#failuresInARow >= FAILURES_IN_A_ROW) {
      throw new EngineError(
        'inference-failed',
        `${this.#failuresInARow} images in a row; ${modelVersion}, ${source.title}`,
      );
    }
  }

  /** Waits until at most so many results are on their way. Throws what ends the run. */
  async #written(most: number): Promise<void> {
    while (this.#writes.length > most) {
      await this.#writes[0];
      void this.#writes.shift();
    }
  }

  /** Stores a result, and then counts it. Not raced with the abort: what has reached the store is counted. */
  async #keep(result: ItemResult): Promise<void> {
    const { clock, queueForPosting, state, store } = this.#options;
    await this.#insistOnStore(() =>
      store.put(result, { queueForPosting: queueForPosting && isDone(result) }),
    );
    if (isDone(result)) state.tally.done += 1;
    else state.tally.failed += 1;
    state.tally.tick(clock.now());
    state.stored(result);
    state.changed();
  }

  /** Trouble with the whole source is waited out with the item in hand: it is not listed again. */
  async #insistOnImage(
    item: SourceItem,
    first: Promise<DetectResult>,
    again: (item: SourceItem) => Promise<DetectResult>,
  ): Promise<ItemResult> {
    const { patience, signal, state } = this.#options;
    let ahead = true;
    for (let outcome = first; ; outcome = again(item)) {
      try {
        return await this.#resultOf(item, outcome);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ConnectionError)) throw error;
        // What was begun ahead may have failed long ago.
        if (!ahead || error.retryAfter > 0) await patience.wait(error);
        ahead = false;
        await state.unlessPaused(signal);
      }
    }
  }

  async #resultOf(item: SourceItem, outcome: Promise<DetectResult>): Promise<ItemResult> {
    const { clock, engine, modelVersion, signal, source } = this.#options;
    const origin = () => ({ sourceId: source.id, modelVersion, at: clock.now() });
    try {
      const found = await outcome;
      this.#failuresInARow = 0;
      return doneResult(item, found, engine, origin());
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ConnectionError) throw error;
      if (error instanceof EngineError && deadEngine.includes(error.code)) throw error;
      if (isMachineFailure(error)) this.#failuresInARow += 1;
      return failedResult(item, error, origin());
    }
  }

  async #flushRequeue(): Promise<void> {
    const { modelVersion, source, store } = this.#options;
    const keys = this.#requeue;
    this.#requeue = [];
    if (keys.length > 0) await this.#insistOnStore(() => store.requeue(source.id, modelVersion, keys));
  }

  /** A full disk pauses the run, with the result in hand: whoever resumes has made room. */
  async #insistOnStore<T>(work: () => Promise<T>): Promise<T> {
    const { signal, state } = this.#options;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        state.pause(messageOf(error));
        await state.unlessPaused(signal);
      }
    }
  }
}

function isDone(result: ItemResult): boolean {
  return result.state === 'done';
}
