import type { Region } from '../../labelstudio/types.ts';
import { Observable } from '../../ui/observable.ts';
import { isAbort, problemOf } from '../../ui/problem.ts';
import { OccupiedError } from '../occupied.ts';
import type { OpenTask, TaskPage } from './taskPage.ts';

export type WorkPhase = 'idle' | 'asking' | 'working' | 'done' | 'failed';

/** What was found in a task: everything, whatever its score, and how long that took. */
export interface Findings {
  readonly regions: readonly Region[];
  /** Milliseconds from bytes to boxes; null when it was known before. */
  readonly ms: number | null;
}

/** The boxes of one task that is open. A task that is opened again gets a new one. */
export class TaskWork extends Observable {
  task: OpenTask;
  phase: WorkPhase = 'idle';
  problem: string | null = null;
  findings: Findings | null = null;
  /** Boxes of the panel in the annotation that the user has not touched. */
  shown: ReadonlySet<string> = new Set();
  /** Was stored as a prediction instead; 'before': there was one of this model already. */
  posted: 'no' | 'now' | 'before' = 'no';

  readonly #page: TaskPage;
  /** Boxes that are the user's now: touched, deleted, accepted. They are neither added nor taken away again. */
  readonly #theirs = new Set<string>();
  /** Boxes that were there and are not any more: Label Studio's undo, or somebody, took them. They come back when asked. */
  readonly #gone = new Set<string>();
  readonly #undo: ReadonlySet<string>[] = [];
  readonly #abort = new AbortController();
  /** Boxes may be added to those that are there: the user has said so, or moves those that came before. */
  #over = false;
  #wanted: ReadonlySet<string> | null = null;
  #changing: Promise<void> | null = null;

  constructor(page: TaskPage, task: OpenTask) {
    super();
    this.#page = page;
    this.task = task;
  }

  /** The same annotation, with other boxes in it. */
  retake(task: OpenTask): void {
    const before = this.task.ours.join();
    this.task = task;
    if (before !== task.ours.join()) this.#sync(new Set(task.ours));
    this.changed();
  }

  /** The task is not open any more: nothing of it may reach the page. */
  leave(): void {
    this.#abort.abort();
  }

  hasLeft(): boolean {
    return this.#abort.signal.aborted;
  }

  get canUndo(): boolean {
    return this.#undo.length > 0 && this.phase === 'done';
  }

  /** Asks before adding to an annotation that has boxes. */
  ask(): void {
    this.#set('asking');
  }

  /** The answer was no. */
  decline(): void {
    this.#set('idle');
  }

  /**
   * Finds the boxes and hands them over: into the annotation, or with `post` as a prediction. Asks where the annotation
   * turns out to have boxes, unless `over`: they may have come while the image was looked at.
   *
   * @param threshold asked for when the boxes are there: the slider may have moved meanwhile
   * @param post says whether it was stored now
   */
  async run(
    find: () => Promise<Findings>,
    threshold: () => number,
    post: ((regions: readonly Region[]) => Promise<boolean>) | null,
    over = false,
  ): Promise<void> {
    if (this.phase === 'working') return;
    this.problem = null;
    this.#over = over;
    this.#gone.clear();
    this.#set('working');
    try {
      const findings = await find();
      if (this.hasLeft()) return;
      this.findings = findings;
      this.posted = post === null ? await this.#insert(threshold()) : await this.#post(post, threshold());
      if (!this.hasLeft()) this.#set('done');
    } catch (error) {
      if (this.hasLeft()) return;
      if (error instanceof OccupiedError) {
        this.ask();
        return;
      }
      this.problem = isAbort(error) ? null : problemOf(error);
      this.#set(this.problem === null ? 'idle' : 'failed');
    }
  }

  async #insert(threshold: number): Promise<'no'> {
    const before = this.shown;
    await this.#change(this.#idsAbove(threshold));
    this.#undo.push(before);
    // From now on the user's own hand moves them.
    this.#over = true;
    return 'no';
  }

  async #post(
    post: (regions: readonly Region[]) => Promise<boolean>,
    threshold: number,
  ): Promise<'now' | 'before'> {
    const regions = this.findings?.regions.filter(({ score }) => score >= threshold) ?? [];
    return (await post(regions)) ? 'now' : 'before';
  }

  /** Adds and takes away boxes so that those above the threshold are there. */
  setThreshold(threshold: number): Promise<void> {
    if (this.findings === null || this.posted !== 'no' || this.phase !== 'done') return Promise.resolve();
    return this.#quietly(this.#change(this.#idsAbove(threshold)));
  }

  /** The boxes are the user's from now on: the slider leaves them alone. */
  acceptAll(): void {
    for (const id of this.shown) this.#theirs.add(id);
    this.shown = new Set();
    this.#undo.length = 0;
    this.changed();
  }

  /** Takes away every box that the panel added and the user has not touched. */
  removeAll(): Promise<void> {
    this.#undo.push(this.shown);
    return this.#quietly(this.#change(new Set()));
  }

  /** Back to the boxes before the last button that was pressed; what the user has touched stays. */
  undo(): Promise<void> {
    const before = this.#undo.pop();
    return before === undefined ? Promise.resolve() : this.#quietly(this.#change(before));
  }

  #idsAbove(threshold: number): ReadonlySet<string> {
    return new Set(this.findings?.regions.flatMap(({ id, score }) => (score >= threshold ? [id] : [])));
  }

  /** One change at a time; while one is under way, only the last wish counts. */
  #change(wanted: ReadonlySet<string>): Promise<void> {
    this.#wanted = wanted;
    this.#changing ??= this.#changeAll();
    return this.#changing;
  }

  async #changeAll(): Promise<void> {
    // What is wished in the same moment is one change.
    await Promise.resolve();
    try {
      await this.#changeOneByOne();
    } finally {
      this.#changing = null;
    }
  }

  async #changeOneByOne(): Promise<void> {
    while (this.#wanted !== null && !this.hasLeft()) {
      const wanted = this.#wanted;
      this.#wanted = null;
      const regions = this.findings?.regions ?? [];
      const add = regions.filter(({ id }) => wanted.has(id) && !this.shown.has(id) && !this.#isLeftAlone(id));
      const remove = [...this.shown].filter((id) => !wanted.has(id));
      if (add.length === 0 && remove.length === 0) continue;
      const { added, removed } = await this.#page.change(this.task.id, {
        ...{ add, remove, over: this.#over },
      });
      // What did not go was touched or deleted by the user; what did not come has no place in this project.
      for (const id of remove) if (!removed.includes(id)) this.#theirs.add(id);
      for (const { id } of add) if (!added.includes(id)) this.#theirs.add(id);
      this.shown = new Set([...this.shown, ...added].filter((id) => !remove.includes(id)));
      this.changed();
    }
  }

  #isLeftAlone(id: string): boolean {
    return this.#theirs.has(id) || this.#gone.has(id);
  }

  /** Takes over which boxes are there: undone and done again in Label Studio, touched, deleted. */
  #sync(there: ReadonlySet<string>): void {
    for (const id of this.shown) if (!there.has(id)) this.#gone.add(id);
    for (const id of there) this.#gone.delete(id);
    const known = this.findings?.regions.filter(({ id }) => there.has(id) && !this.#theirs.has(id)) ?? [];
    this.shown = new Set(known.map(({ id }) => id));
  }

  async #quietly(work: Promise<void>): Promise<void> {
    try {
      await work;
      this.problem = null;
    } catch (error) {
      if (this.hasLeft()) return;
      this.problem = problemOf(error);
    }
    this.changed();
  }

  #set(phase: WorkPhase): void {
    this.phase = phase;
    this.changed();
  }
}
