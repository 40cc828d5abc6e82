import type { ItemError, ItemResult } from '../../store/types.ts';

/** An image that could not be done, or that Label Studio has refused. */
export interface FailedItem {
  readonly key: string;
  readonly name: string;
  readonly state: ItemResult['state'];
  readonly error: ItemError | null;
}

/**
 * What sorting, counting and the threshold need to know of every result, in a few dozen bytes each: its key and its
 * scores. The boxes stay in IndexedDB. Rows are numbered in the order in which they came.
 */
export class ReviewTable {
  readonly #keys: string[] = [];
  readonly #rows = new Map<string, number>();
  readonly #failed = new Map<string, FailedItem>();
  /** 1: done. Of each row, as the next two: where its scores begin, and how many there are. */
  #done = new Uint8Array(256);
  #from = new Uint32Array(256);
  #count = new Uint32Array(256);
  // As exact as they are posted: a threshold must not count a box here and leave it out there.
  #scores = new Float64Array(4096);
  #labels = new Uint16Array(4096);
  #used = 0;
  #doneCount = 0;

  /** Results, failed ones included. */
  get size(): number {
    return this.#keys.length;
  }

  get doneCount(): number {
    return this.#doneCount;
  }

  get failed(): readonly FailedItem[] {
    return [...this.#failed.values()];
  }

  has(key: string): boolean {
    return this.#rows.has(key);
  }

  /** '' where there is no such row. */
  keyOf(row: number): string {
    return this.#keys[row] ?? '';
  }

  isDone(row: number): boolean {
    return this.#done[row] === 1;
  }

  /** Takes a result in, in the place of an earlier one of its key. */
  put({ key, name, state, error, detections }: ItemResult): void {
    const known = this.#rows.get(key);
    const row = known ?? this.#keys.length;
    if (known === undefined) {
      this.#keys.push(key);
      this.#rows.set(key, row);
      this.#makeRoomForRows(this.#keys.length);
    }
    this.#doneCount += (state === 'done' ? 1 : 0) - (this.#done[row] ?? 0);
    this.#done[row] = state === 'done' ? 1 : 0;
    if (state === 'failed' || error !== null) this.#failed.set(key, { key, name, state, error });
    else this.#failed.delete(key);
    // In the old place when there is room; what is left behind otherwise is little, for few rows ever grow.
    const place = detections.length <= (this.#count[row] ?? 0) ? (this.#from[row] ?? 0) : this.#used;
    if (place === this.#used) this.#makeRoomForScores((this.#used += detections.length));
    this.#from[row] = place;
    this.#count[row] = detections.length;
    for (const [index, { score, label }] of detections.entries()) {
      this.#scores[place + index] = score;
      this.#labels[place + index] = label;
    }
  }

  /** The scores of a row's detections, 0..1, as a view that is valid until the next `put`. */
  scoresOf(row: number): Float64Array {
    const from = this.#from[row] ?? 0;
    return this.#scores.subarray(from, from + (this.#count[row] ?? 0));
  }

  /** The scores of all detections but of the classes that are left out. */
  scores(isLeftOut: (label: number) => boolean): Float64Array {
    const found = new Float64Array(this.#used);
    let n = 0;
    for (let row = 0; row < this.#keys.length; row++) {
      const from = this.#from[row] ?? 0;
      const end = from + (this.#count[row] ?? 0);
      for (let at = from; at < end; at++)
        if (!isLeftOut(this.#labels[at] ?? 0)) found[n++] = this.#scores[at] ?? 0;
    }
    return found.subarray(0, n);
  }

  #makeRoomForRows(rows: number): void {
    if (rows <= this.#done.length) return;
    const size = 2 * this.#done.length;
    this.#done = copied(this.#done, new Uint8Array(size));
    this.#from = copied(this.#from, new Uint32Array(size));
    this.#count = copied(this.#count, new Uint32Array(size));
  }

  #makeRoomForScores(used: number): void {
    if (used <= this.#scores.length) return;
    const size = Math.max(used, 2 * this.#scores.length);
    this.#scores = copied(this.#scores, new Float64Array(size));
    this.#labels = copied(this.#labels, new Uint16Array(size));
  }
}

function copied<Numbers extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(
  from: Numbers,
  to: Numbers,
): Numbers {
  to.set(from);
  return to;
}
