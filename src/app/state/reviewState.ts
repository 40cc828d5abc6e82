import type { ItemResult, ResultStore } from '../../store/types.ts';
import type { Settings } from '../../store/settings.ts';
import { readMarks, writeMarks } from './goodMarks.ts';
import { Observable } from '../../ui/observable.ts';
import { problemOf } from '../../ui/problem.ts';
import { ResultWindow } from './resultWindow.ts';
import { sortedKeys } from './reviewOrder.ts';
import type { ReviewOrder } from './reviewOrder.ts';
import { ReviewTable } from './reviewTable.ts';
import type { FailedItem } from './reviewTable.ts';

/** What is kept in this browser. */
export interface Kept {
  readonly results: ResultStore;
  readonly settings: Settings;
}

/**
 * How often new results of a run are shown. The more there are, the longer it takes to sort and count them, so that
 * many are shown less often: 4 times a second up to 10,000, every 2.5 s of 100,000.
 */
const gatherMs = (results: number): number => Math.max(250, results / 40);

/** Results read at a time by whoever goes through all of them. */
const PAGE = 100;

/**
 * The stored results of the chosen source and model, in the order the user wants. In memory are the scores of all of
 * them and the boxes of those in view: a project of 100,000 images takes some megabytes.
 */
export class ReviewState extends Observable {
  order: ReviewOrder = 'run';
  /** Images that could not be done, and those that the receiver refused. */
  failed: readonly FailedItem[] = [];
  /** Keys of the images that a person has marked good. */
  good: ReadonlySet<string> = new Set();
  problem: string | null = null;
  /** Where the grid was when it was left, in pixels, and which image was looked at since: what to come back to. */
  left: { readonly top: number; readonly looked: string | null } = { top: 0, looked: null };

  readonly #kept: () => Promise<Kept>;
  readonly #undo: ItemResult[] = [];
  #of: { readonly sourceId: string; readonly modelVersion: string } | null = null;
  #table = new ReviewTable();
  #window: ResultWindow | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** What was computed from the table as it was last published. */
  #sorted: { readonly of: string; readonly keys: readonly string[] } | null = null;
  #scores: { readonly leftOut: string; readonly scores: Float64Array } | null = null;

  constructor(kept: () => Promise<Kept>) {
    super();
    this.#kept = kept;
  }

  /** Results, failed ones included. */
  get count(): number {
    return this.#table.size;
  }

  /** Images that went through. */
  get doneCount(): number {
    return this.#table.doneCount;
  }

  /**
   * Reads what earlier runs of this source and model have stored. `has`: leaves out images that are not in the
   * source any more, for another folder may have had the same name.
   */
  async load(
    sourceId: string,
    modelVersion: string,
    has: (key: string) => boolean = () => true,
  ): Promise<void> {
    const of = { sourceId, modelVersion };
    const before = this.#of;
    const table = new ReviewTable();
    this.#of = of;
    this.#table = table;
    this.#window = new ResultWindow(async () => (await this.#kept()).results, sourceId, modelVersion);
    this.#undo.length = 0;
    if (of.sourceId !== before?.sourceId) this.left = { top: 0, looked: null };
    this.good = new Set();
    this.#publish();
    try {
      const { results, settings } = await this.#kept();
      const good = await readMarks(settings, sourceId, modelVersion);
      if (this.#of !== of) return;
      this.good = good;
      for await (const page of results.pages(sourceId, modelVersion)) {
        if (this.#of !== of) return;
        // A result of a run that has started meanwhile is newer than what was read.
        for (const result of page) if (has(result.key) && !table.has(result.key)) table.put(result);
        this.#publishSoon();
      }
      this.problem = null;
    } catch (error) {
      if (this.#of !== of) return;
      this.problem = problemOf(error);
    }
    if (this.#of === of) this.#publish();
  }

  /** Takes in a result of a run that is under way; others than of the shown source are ignored. */
  add(result: ItemResult): void {
    if (result.sourceId !== this.#of?.sourceId || result.modelVersion !== this.#of.modelVersion) return;
    this.#table.put(result);
    // Those that nobody looks at stay where they are stored.
    if (this.#window?.peek(result.key) !== undefined) this.#window.keep(result);
    this.#publishSoon();
  }

  get canUndo(): boolean {
    return this.#undo.length > 0;
  }

  /** The keys of the done results, sorted; the same array as long as nothing has changed. */
  sorted(threshold: number): readonly string[] {
    const of = this.order === 'run' ? this.order : `${this.order} ${threshold}`;
    if (this.#sorted?.of !== of) this.#sorted = { of, keys: sortedKeys(this.#table, this.order, threshold) };
    return this.#sorted.keys;
  }

  /** The scores of all detections, 0..1, but of the classes that are left out. */
  scores(leftOut: readonly boolean[]): Float64Array {
    const of = leftOut.join();
    if (this.#scores?.leftOut !== of)
      this.#scores = { leftOut: of, scores: this.#table.scores((label) => leftOut[label] === true) };
    return this.#scores.scores;
  }

  /** A result is stored under this key. */
  has(key: string): boolean {
    return this.#table.has(key);
  }

  /** A result with its boxes, if it is in memory. */
  peek(key: string): ItemResult | undefined {
    return this.#window?.peek(key);
  }

  /** A result with its boxes; undefined where there is none. Rejects with `StoreError`. */
  async read(key: string): Promise<ItemResult | undefined> {
    return this.#table.has(key) ? this.#window?.read(key) : undefined;
  }

  /** All results in the order of the run, read as they are asked for. Rejects with `StoreError`. */
  async *all(): AsyncGenerator<ItemResult> {
    const of = this.#of;
    const table = this.#table;
    if (of === null) return;
    const { results } = await this.#kept();
    const { size } = table;
    for (let start = 0; start < size; start += PAGE) {
      const rows = Math.min(PAGE, size - start);
      const keys = Array.from({ length: rows }, (_, index) => table.keyOf(start + index));
      yield* await results.some(of.sourceId, of.modelVersion, keys);
    }
  }

  /** The grid was scrolled to `top`. */
  scrolledTo(top: number): void {
    this.left = { top, looked: null };
  }

  /** An image is shown in the single view. */
  lookAt(key: string): void {
    this.left = { ...this.left, looked: key };
  }

  setOrder(order: ReviewOrder): void {
    this.order = order;
    this.changed();
  }

  /** Takes a box out of the stored result: it is not shown, posted or exported any more. */
  async removeBox(key: string, index: number): Promise<void> {
    const before = await this.#readOrSay(key);
    if (before?.detections[index] === undefined) return;
    const detections = before.detections.filter((_, i) => i !== index);
    if (await this.#keep({ ...before, detections })) this.#undo.push(before);
    this.changed();
  }

  /** Brings the box removed last back. Returns the key of its image, or null. */
  async undo(): Promise<string | null> {
    const before = this.#undo.pop();
    if (before === undefined) return null;
    await this.#keep(before);
    return before.key;
  }

  /** Marks an image good, or takes the mark away. */
  async toggleGood(key: string): Promise<void> {
    const of = this.#of;
    if (of === null) return;
    const good = new Set(this.good);
    if (!good.delete(key)) good.add(key);
    this.good = good;
    this.changed();
    try {
      await writeMarks((await this.#kept()).settings, of.sourceId, of.modelVersion, good);
    } catch (error) {
      this.problem = problemOf(error);
      this.changed();
    }
  }

  async #readOrSay(key: string): Promise<ItemResult | undefined> {
    try {
      return await this.read(key);
    } catch (error) {
      this.problem = problemOf(error);
      return undefined;
    }
  }

  async #keep(result: ItemResult): Promise<boolean> {
    try {
      await (await this.#kept()).results.put(result, { queueForPosting: false });
      this.#table.put(result);
      this.#window?.keep(result);
      this.problem = null;
    } catch (error) {
      this.problem = problemOf(error);
    }
    this.#publish();
    return this.problem === null;
  }

  #publishSoon(): void {
    this.#timer ??= setTimeout(() => this.#publish(), gatherMs(this.#table.size));
  }

  #publish(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#sorted = null;
    this.#scores = null;
    this.failed = this.#table.failed;
    this.changed();
  }
}
