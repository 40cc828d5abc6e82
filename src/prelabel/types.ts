import type { Mapping } from '../labelstudio/types.ts';
import type { ItemResult } from '../store/types.ts';

export type { ItemError, ItemResult, ResultStore } from '../store/types.ts';

/** One image of a source. `key` is stable across runs: 'task:17', 'file:<path>'. */
export interface SourceItem {
  readonly key: string;
  /** For people: file name or task number. */
  readonly name: string;
  /** Label Studio's task id, null outside Label Studio. */
  readonly taskId: number | null;
  /**
   * Encoded bytes. Rejects with an error whose message says what to do; a string `code` on it becomes the
   * code of the failed item.
   */
  load(signal: AbortSignal): Promise<Blob>;
}

/**
 * Where images come from. `count` and `items` reject with a ConnectionError when the place does not answer
 * as a whole; so may `load` of an item: the run then waits or stops, and no item is blamed.
 * `id` is stable: 'labelstudio:<origin>:<project>', 'folder:<name>', 'samples'.
 */
export interface Source {
  readonly id: string;
  readonly title: string;
  count(signal: AbortSignal): Promise<number>;
  /** Whether an item is among them, for sources that know without listing. */
  has?(key: string): boolean;
  /**
   * In an order that stays the same. `after`: the key of the item that was listed last; a source that can goes on
   * behind it, others list everything again.
   */
  items(signal: AbortSignal, after?: string): AsyncIterable<SourceItem>;
}

/** Where results of a run go once they are stored; absent for a run that only shows. */
export interface PredictionSink {
  /**
   * Idempotent per (task, model version). `stored` are confirmed by the receiver.
   * Rejects when nothing could be said (network, 5xx): the same results are offered again later. A
   * ConnectionError 'refused' (token, rights) ends the run instead; the results stay in the outbox.
   */
  post(
    results: readonly ItemResult[],
    signal: AbortSignal,
  ): Promise<{
    readonly stored: readonly number[];
    readonly rejected: readonly { readonly task: number; readonly reason: string }[];
  }>;
  /** The version whose predictions go when the run is complete; null or absent: none. */
  readonly replaces?: string | null;
  /**
   * Called once after the last confirmed post: makes the version the shown one. `complete`: every item of the run
   * has a result that the receiver holds, none failed and none was refused.
   */
  finish(complete: boolean, signal: AbortSignal): Promise<void>;
}

export type RunPhase =
  'preparing' | 'running' | 'paused' | 'posting' | 'waiting' | 'done' | 'cancelled' | 'failed';

export interface RunProgress {
  readonly phase: RunPhase;
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  /** Already stored by an earlier pass of the same version, or left out. */
  readonly skipped: number;
  /** Confirmed by the sink; null without a sink. */
  readonly posted: number | null;
  /** Stored, but refused by the sink for good; null without a sink. */
  readonly rejected: number | null;
  /** Images a second over the last 10 s; null until two images are done. */
  readonly rate: number | null;
  readonly secondsLeft: number | null;
  /** For people, when something is waited for or went wrong. */
  readonly message: string | null;
  /** The run is paused until it gets another token. */
  readonly needsToken: boolean;
}

/** How results become predictions; applied when shown, posted or exported, never stored with them. */
export interface Publication {
  readonly mapping: Mapping;
  /** Regions with a lower score are left out. */
  readonly threshold: number;
}
