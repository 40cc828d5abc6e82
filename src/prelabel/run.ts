import type { Engine } from '../engine/types.ts';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { Feed } from './feed.ts';
import { messageOf } from './itemResult.ts';
import { drainOutbox } from './outbox.ts';
import { Patience } from './retry.ts';
import { RunState } from './runState.ts';
import type { ItemResult, PredictionSink, ResultStore, RunProgress, Source } from './types.ts';

export interface RunOptions {
  readonly source: Source;
  readonly engine: Engine;
  readonly store: ResultStore;
  /** Results are stored under it; default: that of the engine's model. */
  readonly modelVersion?: string;
  /** Where results go; without one the run only detects and stores. */
  readonly sink?: PredictionSink | undefined;
  /** Also do again what failed in an earlier run. Default: false. */
  readonly retryFailed?: boolean;
  /** Images that are loaded and handed to the engine ahead of the one under inference. Default: 2. */
  readonly prefetch?: number;
  /** How long source or sink may stay away before the run fails. Default: for ever, as a page can show it. */
  readonly giveUpAfterMs?: number;
  /** Pause after so many images, before anything is posted. Default: null, no preview. */
  readonly previewFirst?: number | null;
  /** Pause, instead of failing, when the token is not accepted any more: somebody is there to give another one. */
  readonly waitForToken?: boolean;
  readonly clock?: Clock;
}

/** One pass of one model over one source. */
export interface Run {
  /** The latest snapshot; replaced, never changed. */
  readonly progress: RunProgress;
  /** Called at every change of `progress`, not with the present one. Returns what ends it. */
  subscribe(listener: (progress: RunProgress) => void): () => void;
  /** Called with every result once it is stored (not with those of earlier runs). Returns what ends it. */
  onResult(listener: (result: ItemResult) => void): () => void;
  /** What the engine has in hand is finished, then nothing more is started, posting included. */
  pause(): void;
  /** Goes on after a pause; a run that waits for source or sink tries again at once. */
  resume(): void;
  /** A run that waits for source or sink tries again at once; a paused one stays paused. */
  nudge(): void;
  /** Stops at once. What is stored stays, with what waits in the outbox for the next run. */
  cancel(): void;
  /** Never rejects: 'done', 'cancelled', or 'failed' with a message. A failed run can be started again. */
  readonly finished: Promise<RunProgress>;
}

/**
 * Starts a run. Every result is stored before it is counted or posted; an item that is stored already for
 * (source, key, model version) is skipped, so starting the same run again goes on where it was. With a sink,
 * skipped items are offered to it as well: it alone knows whether it still holds them.
 */
export function startRun(options: RunOptions): Run {
  const { source, engine, store, sink, clock = systemClock } = options;
  const modelVersion = options.modelVersion ?? engine.info.modelVersion;
  const giveUpAfterMs = options.giveUpAfterMs ?? Infinity;
  const controller = new AbortController();
  const { signal } = controller;
  const state = new RunState(sink !== undefined, options.previewFirst ?? null);
  const signIn = options.waitForToken === true ? (message: string) => state.signIn(message, signal) : null;
  const { bell, tally } = state;
  let feeding = true;

  const feed = new Feed({
    source,
    engine,
    store,
    modelVersion,
    queueForPosting: sink !== undefined,
    retryFailed: options.retryFailed ?? false,
    prefetch: options.prefetch ?? 2,
    clock,
    state,
    signal,
    patience: new Patience({
      clock,
      bell,
      signal,
      giveUpAfterMs,
      signIn,
      trouble: (message) => state.sourceTrouble(message),
    }),
  });

  const feedAll = async (): Promise<void> => {
    try {
      await feed.run();
    } finally {
      feeding = false;
      if (!signal.aborted) state.endPreview();
      if (sink !== undefined && !signal.aborted) state.enter('posting');
      bell.ring();
    }
  };

  const postAll = async (to: PredictionSink): Promise<void> =>
    drainOutbox({
      store,
      sink: to,
      sourceId: source.id,
      modelVersion,
      clock,
      bell,
      signal,
      giveUpAfterMs,
      signIn,
      trouble: (message) => state.sinkTrouble(message),
      moreToCome: () => feeding,
      unlessPaused: (until) => state.unlessHeld(until),
      // A source that was stopped in between has ended too, without having given all it announced.
      complete: () =>
        tally.handled >= tally.announced &&
        tally.failed === 0 &&
        tally.rejected === 0 &&
        tally.posted >= tally.handled,
      posted(keys) {
        for (const key of keys) tally.notePosted(key);
        state.changed();
      },
      rejected(key, error) {
        tally.noteRejected(key);
        state.refused(error.message);
      },
    });

  const runAll = async (): Promise<RunProgress> => {
    // Whoever started it shall be able to listen before the first change.
    await Promise.resolve();
    const parts = await Promise.allSettled([feedAll(), sink === undefined ? undefined : postAll(sink)]);
    const failure = parts.find((part) => part.status === 'rejected');
    if (signal.aborted) state.finish('cancelled', null);
    else if (failure !== undefined) state.finish('failed', messageOf(failure.reason));
    else state.finish('done', null);
    return state.progress;
  };

  return {
    get progress() {
      return state.progress;
    },
    subscribe: (listener) => state.subscribe(listener),
    onResult: (listener) => state.onResult(listener),
    pause: () => state.pause(null),
    resume: () => state.resume(),
    nudge: () => bell.ring(),
    cancel: () => controller.abort(new DOMException('The run was cancelled.', 'AbortError')),
    finished: runAll(),
  };
}
