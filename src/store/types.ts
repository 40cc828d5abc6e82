import type { Detection } from '../detector/types.ts';
import type { Backend, Timings } from '../engine/types.ts';

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
  /** Of a failed item: why. Of a done one: why the receiver refused it; null when it did not. */
  readonly error: ItemError | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Durable before visible: a result is stored before it is counted, and queued for posting with it. */
export interface ResultStore {
  get(sourceId: string, key: string, modelVersion: string): Promise<ItemResult | undefined>;
  /**
   * Stores a result in place of an earlier one; with `queueForPosting` puts it into the outbox in the same
   * transaction. A failed result leaves the outbox: there is nothing to post.
   */
  put(result: ItemResult, options: { readonly queueForPosting: boolean }): Promise<void>;
  /**
   * Offers stored results to the receiver again: those of `keys` that are done go into the outbox, and an
   * earlier refusal is forgotten. Keys without a done result are left alone.
   */
  requeue(sourceId: string, modelVersion: string, keys: readonly string[]): Promise<void>;
  /** Oldest first, up to `limit`, of those waiting for the sink. */
  outbox(sourceId: string, modelVersion: string, limit: number): Promise<readonly ItemResult[]>;
  /** Takes them out of the outbox: the receiver has confirmed them. */
  confirm(sourceId: string, modelVersion: string, keys: readonly string[]): Promise<void>;
  /** Takes one out of the outbox for good and records why in its `error`. */
  reject(sourceId: string, modelVersion: string, key: string, error: ItemError): Promise<void>;
  /** How many results, of all sources and versions, wait for the sink. */
  countWaiting(): Promise<number>;
  /** All of a source and version, in insertion order. */
  all(sourceId: string, modelVersion: string): Promise<readonly ItemResult[]>;
  /** The same a page at a time, for whoever must not hold them all. */
  pages(sourceId: string, modelVersion: string): AsyncIterable<readonly ItemResult[]>;
  /** Those of some keys, in the order of the keys; keys without a result are left out. */
  some(sourceId: string, modelVersion: string, keys: readonly string[]): Promise<readonly ItemResult[]>;
}
