import type { Detection } from '../detector/types.ts';
import type { Backend, Timings } from '../engine/types.ts';
import type { Mapping } from '../labelstudio/types.ts';

/** One image of a source. `key` is stable across runs: 'task:17', 'file:<path>'. */
export interface SourceItem {
  readonly key: string;
  /** For people: file name or task number. */
  readonly name: string;
  /** Label Studio's task id, null outside Label Studio. */
  readonly taskId: number | null;
  /** Encoded bytes. Rejects with an error whose message says what to do. */
  load(signal: AbortSignal): Promise<Blob>;
}

/** Where images come from. `id` is stable: 'labelstudio:<origin>:<project>', 'folder:<name>', 'samples'. */
export interface Source {
  readonly id: string;
  readonly title: string;
  count(signal: AbortSignal): Promise<number>;
  items(signal: AbortSignal): AsyncIterable<SourceItem>;
}

export type ItemState = 'queued' | 'running' | 'done' | 'failed' | 'skipped';

export interface ItemError {
  /** Machine-readable: 'image-truncated', 'http-404', ... */
  readonly code: string;
  /** For people: what happened, what to do. */
  readonly message: string;
}

/** What is stored for (source, item, model version). Detections are raw, above the model's own floor. */
export interface ItemResult {
  readonly sourceId: string;
  readonly key: string;
  readonly name: string;
  readonly taskId: number | null;
  readonly modelVersion: string;
  readonly state: 'done' | 'failed';
  readonly width: number;
  readonly height: number;
  readonly detections: readonly Detection[];
  readonly timings: Timings | null;
  readonly backend: Backend | null;
  readonly error: ItemError | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Where results of a run go once they are stored; absent for a run that only shows. */
export interface PredictionSink {
  /**
   * Idempotent per (task, model version). `stored` are confirmed by the receiver.
   * Rejects when nothing could be said (network, 5xx): the same results are offered again later.
   */
  post(
    results: readonly ItemResult[],
    signal: AbortSignal,
  ): Promise<{
    readonly stored: readonly number[];
    readonly rejected: readonly { readonly task: number; readonly reason: string }[];
  }>;
  /** Called once after the last confirmed post: makes the version the shown one. */
  finish(signal: AbortSignal): Promise<void>;
}

/** Durable before visible: a result is stored before it is counted, and queued for posting with it. */
export interface ResultStore {
  get(sourceId: string, key: string, modelVersion: string): Promise<ItemResult | undefined>;
  /** Stores a result; with `queueForPosting` puts it into the outbox in the same transaction. */
  put(result: ItemResult, options: { readonly queueForPosting: boolean }): Promise<void>;
  /** Oldest first, up to `limit`, of those waiting for the sink. */
  outbox(sourceId: string, modelVersion: string, limit: number): Promise<readonly ItemResult[]>;
  /** Takes them out of the outbox: the receiver has confirmed them. */
  confirm(sourceId: string, modelVersion: string, keys: readonly string[]): Promise<void>;
  /** Takes one out of the outbox for good and records why. */
  reject(sourceId: string, modelVersion: string, key: string, error: ItemError): Promise<void>;
  /** All of a source and version, in insertion order. */
  all(sourceId: string, modelVersion: string): Promise<readonly ItemResult[]>;
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
  /** Images a second over the last 10 s; null until two images are done. */
  readonly rate: number | null;
  readonly secondsLeft: number | null;
  /** For people, when something is waited for or went wrong. */
  readonly message: string | null;
}

/** How results become predictions; applied when shown, posted or exported, never stored with them. */
export interface Publication {
  readonly mapping: Mapping;
  /** Regions with a lower score are left out. */
  readonly threshold: number;
}
