/** Label Studio's page as the panel sees it; the port to the bridge stands behind it, a stand-in in tests. */
import type { Prediction, Region } from '../../labelstudio/types.ts';

/** The task that is open in Label Studio. */
export interface OpenTask {
  readonly id: number;
  readonly project: number;
  /** Address of the Label Studio, as `normalizeAddress` gives it. */
  readonly url: string;
  /** XML */
  readonly labelConfig: string;
  /** A name for the annotation that boxes would go into; the same after it was saved. */
  readonly annotation: string;
  /** Boxes in it, without those that the panel has put there. */
  readonly boxes: number;
  /** Ids of the panel's boxes that are there and that nobody has touched. */
  readonly ours: readonly string[];
}

/** What is open: a task, or nothing that could be pre-labeled and why (two sentences). */
export type PageView =
  { readonly kind: 'task'; readonly task: OpenTask } | { readonly kind: 'none'; readonly message: string };

/** What the annotation is to get and to lose, as one step of Label Studio's undo. */
export interface BoxChange {
  readonly add: readonly Region[];
  /** Ids of regions that were added before. */
  readonly remove: readonly string[];
  /** The user wants them beside the boxes that are there. */
  readonly over: boolean;
}

/** What of it happened. A box that the user has deleted or touched is not removed. */
export interface BoxOutcome {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** Calls reject with an error whose message has two sentences; for a task that is not open any more, too. */
export interface TaskPage {
  readonly view: PageView;
  subscribe(listener: () => void): () => void;
  /** Brings `view` up to date: the page may have opened another task a moment ago. Waits while one is being opened. */
  refresh(): Promise<void>;
  /** Encoded bytes of the image in `field` of the task's data, with the user's own login. */
  fetchImage(task: number, field: string, signal: AbortSignal): Promise<Blob>;
  /** Rejects with `OccupiedError` when the annotation has boxes of others, unless `over`. */
  change(task: number, change: BoxChange): Promise<BoxOutcome>;
  /** Stores a prediction beside the annotations, with the user's own login. False: one of this version is there already. */
  post(prediction: Prediction): Promise<boolean>;
  /** Tasks that are likely to be opened next, the likeliest first; empty where that cannot be known. */
  upcoming(): Promise<readonly number[]>;
}
