import type { ItemResult, ResultStore } from '../../store/types.ts';
import type { Settings } from '../../store/settings.ts';
import { readMarks, writeMarks } from './goodMarks.ts';
import { Observable } from '../../ui/observable.ts';
import { problemOf } from '../../ui/problem.ts';
import { sortResults } from './reviewOrder.ts';
import type { ReviewOrder } from './reviewOrder.ts';

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

/** The stored results of the chosen source and model, in the order the user wants. */
export class ReviewState extends Observable {
  results: readonly ItemResult[] = [];
  order: ReviewOrder = 'run';
  /** Keys of the images that a person has marked good. */
  good: ReadonlySet<string> = new Set();
  problem: string | null = null;

  readonly #kept: () => Promise<Kept>;
  readonly #byKey = new Map<string, ItemResult>();
  readonly #undo: ItemResult[] = [];
  #of: { readonly sourceId: string; readonly modelVersion: string } | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(kept: () => Promise<Kept>) {
    super();
    this.#kept = kept;
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
    this.#of = of;
    this.#byKey.clear();
    this.#undo.length = 0;
    this.good = new Set();
    this.#publish();
    try {
      const { results, settings } = await this.#kept();
      const [stored, good] = await Promise.all([
        results.all(sourceId, modelVersion),
        readMarks(settings, sourceId, modelVersion),
      ]);
      if (this.#of !== of) return;
      // A result of a run that has started meanwhile is newer than what was read.
      for (const result of stored)
        if (has(result.key) && !this.#byKey.has(result.key)) this.#byKey.set(result.key, result);
      this.good = good;
      this.problem = null;
    } catch (error) {
      if (this.#of !== of) return;
      this.problem = problemOf(error);
    }
    this.#publish();
  }

  /** Takes in a result of a run that is under way; others than of the shown source are ignored. */
  add(result: ItemResult): void {
    if (result.sourceId !== this.#of?.sourceId || result.modelVersion !== this.#of.modelVersion) return;
    this.#byKey.set(result.key, result);
    this.#timer ??= setTimeout(() => this.#publish(), gatherMs(this.#byKey.size));
  }

  /** Images that could not be done, and those that the receiver refused. */
  get failed(): readonly ItemResult[] {
    return this.results.filter(({ state, error }) => state === 'failed' || error !== null);
  }

  get canUndo(): boolean {
    return this.#undo.length > 0;
  }

  /** The done results, sorted. */
  sorted(threshold: number): readonly ItemResult[] {
    return sortResults(
      this.results.filter(({ state }) => state === 'done'),
      this.order,
      threshold,
    );
  }

  find(key: string): ItemResult | undefined {
    return this.#byKey.get(key);
  }

  setOrder(order: ReviewOrder): void {
    this.order = order;
    this.changed();
  }

  /** Takes a box out of the stored result: it is not shown, posted or exported any more. */
  async removeBox(key: string, index: number): Promise<void> {
    const before = this.#byKey.get(key);
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

  async #keep(result: ItemResult): Promise<boolean> {
    try {
      await (await this.#kept()).results.put(result, { queueForPosting: false });
      this.#byKey.set(result.key, result);
      this.problem = null;
    } catch (error) {
      this.problem = problemOf(error);
    }
    this.#publish();
    return this.problem === null;
  }

  #publish(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.results = [...this.#byKey.values()];
    this.changed();
  }
}
