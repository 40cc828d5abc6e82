import { startRun } from '../../prelabel/run.ts';
import type { Run } from '../../prelabel/run.ts';
import type { PredictionSink, ResultStore, RunProgress, Source } from '../../prelabel/types.ts';
import type { Engine } from '../../engine/types.ts';
import type { Settings } from '../../store/settings.ts';
import type { ItemResult } from '../../store/types.ts';
import { Observable } from '../../ui/observable.ts';
import { goesOnByItself, readOpenRun, writeOpenRun } from './openRun.ts';
import type { OpenRun, RunName } from './openRun.ts';
import type { RunChoices } from './runChoices.ts';
import { RunTabs } from './runTabs.ts';
import type { RunCommand } from './runTabs.ts';

/** What a run is started with. */
export interface RunPlan {
  readonly source: Source;
  readonly engine: Engine;
  readonly store: ResultStore;
  readonly settings: Settings;
  /** Null: nothing is posted. */
  readonly sink: PredictionSink | null;
  readonly retryFailed: boolean;
  readonly previewFirst: number | null;
  /** What to go on with, should this tab end before the run; null for a run that is not worth it. */
  readonly choices: RunChoices | null;
}

/** What to do with a run whose tab works no more: go on with it, or null: it has ended. */
export type TakeOver = (choices: RunChoices | null) => void;

const ended: ReadonlySet<RunProgress['phase']> = new Set(['done', 'cancelled', 'failed']);

/** How often the numbers of a run are shown anew. */
const TELL_MS = 200;

const isSame = (a: RunName | null, b: RunName): boolean =>
  a?.sourceId === b.sourceId && a.modelVersion === b.modelVersion;

/** The run that the bar shows: the one under way in this tab or in another, or the last one. */
export class RunState extends Observable {
  progress: RunProgress | null = null;
  barHidden = false;
  /** Source of the run, which need not be the chosen one any more. */
  sourceId: string | null = null;
  /** Another tab works on the run; this one shows how far it is, and takes over when that tab is gone. */
  watching = false;
  /** A run of the chosen source and model that was broken off and waits for its user: its tab was closed or crashed. */
  brokenOff: OpenRun | null = null;
  /** The one that the run under way goes on with, as nobody had paused it. */
  wentOn: OpenRun | null = null;

  #run: Run | null = null;
  #name: RunName | null = null;
  #tabs: RunTabs | null = null;
  #watch = new AbortController();
  #settings: (() => Promise<Settings>) | null = null;
  #takeOver: TakeOver = () => undefined;
  /** About to be gone on with. */
  #goingOn: OpenRun | null = null;
  /** What is kept of the run that works here. */
  #open: OpenRun | null = null;
  #noted: Promise<void> = Promise.resolve();
  #telling: ReturnType<typeof setTimeout> | undefined;

  /** A run is under way, paused ones included, here or in the tab that is watched. */
  get active(): boolean {
    return this.progress !== null && !ended.has(this.progress.phase);
  }

  /** To be called once, in a page. `settings`: where it is kept that a run has not ended. */
  connectTabs(settings: () => Promise<Settings>): void {
    this.#settings = settings;
    this.#tabs = new RunTabs({
      progress: (run, progress) => this.#heard(run, progress),
      command: (run, command) => {
        if (!this.watching && isSame(this.#name, run)) this.#obey(command);
      },
      asked: (run) => {
        const { progress } = this;
        if (!this.watching && isSame(this.#name, run) && this.active && progress !== null)
          this.#tabs?.tell(run, progress);
      },
    });
  }

  /**
   * A source and a model are chosen: looks whether another tab works on them, and watches if so; else whether a run
   * of them was broken off. `takeOver` is called then, and when the other tab is gone before its run has ended.
   */
  async look(name: RunName | null, takeOver: TakeOver): Promise<void> {
    this.#takeOver = takeOver;
    if (this.active && !this.watching) return;
    if (name !== null && this.watching && isSame(this.#name, name)) return;
    this.#stopWatching();
    this.brokenOff = null;
    this.#name = name;
    this.changed();
    if (name === null || this.#tabs === null || this.#settings === null) return;
    try {
      const open = await readOpenRun(await this.#settings(), name);
      const taken = open !== null && (await this.#tabs.isTaken(name));
      if (!isSame(this.#name, name) || this.active) return;
      if (taken) {
        void this.#watchOther(name);
      } else if (open !== null && goesOnByItself(open, Date.now())) {
        this.#goingOn = { ...open, wentOnAt: Date.now() };
        await writeOpenRun(await this.#settings(), name, this.#goingOn);
        if (isSame(this.#name, name)) takeOver(open.choices);
      } else {
        this.brokenOff = open;
        this.changed();
      }
    } catch {
      // Without storage there is nothing to go on with; whoever starts a run is told.
    }
  }

  /**
   * Starts a run, or watches when another tab works on it already; does nothing while one is under way here.
   * `onResult` gets every result once it is stored.
   */
  async start(plan: RunPlan, onResult: (result: ItemResult) => void): Promise<void> {
    if (this.active && !this.watching) return;
    this.#stopWatching();
    const name = { sourceId: plan.source.id, modelVersion: plan.engine.info.modelVersion };
    this.#name = name;
    this.brokenOff = null;
    this.wentOn = this.#goingOn;
    this.#goingOn = null;
    await new Promise<void>((resolve) => {
      const work = async (): Promise<void> => {
        const working = this.#work(name, plan, onResult);
        resolve();
        await working;
      };
      const working = this.#tabs === null ? work().then(() => true) : this.#tabs.workAlone(name, work);
      void working.then((worked) => {
        if (!worked) void this.#watchOther(name);
        resolve();
      });
    });
  }

  pause(): void {
    this.#order('pause');
  }

  resume(): void {
    this.#order('resume');
  }

  cancel(): void {
    this.#order('cancel');
  }

  /** Something has changed for the better: what waits tries again now. */
  nudge(): void {
    this.#run?.nudge();
  }

  /** The run that was broken off is not wanted any more; what it has done stays. */
  async dropBrokenOff(): Promise<void> {
    const name = this.#name;
    this.brokenOff = null;
    this.changed();
    if (name !== null && this.#settings !== null) {
      await writeOpenRun(await this.#settings(), name, null).catch(() => undefined);
    }
  }

  hideBar(): void {
    this.barHidden = true;
    this.changed();
  }

  async #work(name: RunName, plan: RunPlan, onResult: (result: ItemResult) => void): Promise<void> {
    const { source, engine, store, settings, sink, retryFailed, previewFirst, choices } = plan;
    const run = startRun({
      source,
      engine,
      store,
      sink: sink ?? undefined,
      retryFailed,
      previewFirst,
      waitForToken: sink !== null || source.id.startsWith('labelstudio:'),
    });
    this.#run = run;
    this.sourceId = source.id;
    this.barHidden = false;
    run.onResult(onResult);
    run.subscribe((progress) => this.#show(progress));
    this.#show(run.progress);
    if (choices !== null) {
      const wentOnAt = this.wentOn?.wentOnAt ?? null;
      this.#note(settings, name, { choices, startedAt: Date.now(), paused: false, wentOnAt });
    }
    this.#show(await run.finished);
    // Before the lock goes: tabs that watch read it to know whether there is anything left to do.
    if (choices !== null) this.#note(settings, name, null);
    await this.#noted;
  }

  /** Not awaited: a full disk must not keep the run from starting, it will be said soon enough. */
  #note(settings: Settings, name: RunName, open: OpenRun | null): void {
    this.#open = open;
    this.#noted = this.#noted.then(() => writeOpenRun(settings, name, open)).catch(() => undefined);
  }

  /** Who comes back to a run that was paused finds it paused. */
  async #notePause(paused: boolean): Promise<void> {
    const name = this.#name;
    const settings = await this.#settings?.();
    if (settings !== undefined && name !== null && this.#open !== null)
      this.#note(settings, name, { ...this.#open, paused });
  }

  async #watchOther(name: RunName): Promise<void> {
    const watch = new AbortController();
    this.#watch = watch;
    this.#name = name;
    this.sourceId = name.sourceId;
    this.watching = true;
    this.barHidden = false;
    this.progress = null;
    this.changed();
    this.#tabs?.ask(name);
    try {
      await this.#tabs?.free(name, watch.signal);
      const open = this.#settings === null ? null : await readOpenRun(await this.#settings(), name);
      if (watch.signal.aborted) return;
      const progress = this.progress as RunProgress | null;
      this.watching = false;
      if (open !== null) this.progress = null;
      else if (progress !== null && !ended.has(progress.phase)) {
        // Its last word was lost, its end is certain.
        this.progress = { ...progress, phase: 'done', message: null, needsToken: false };
      }
      this.changed();
      this.#takeOver(open?.choices ?? null);
    } catch (error) {
      if (!watch.signal.aborted) throw error;
    }
  }

  #stopWatching(): void {
    this.#watch.abort();
    if (!this.watching) return;
    this.watching = false;
    this.progress = null;
  }

  #heard(run: RunName, progress: RunProgress): void {
    if (!isSame(this.#name, run)) return;
    if (this.watching) {
      this.progress = progress;
      this.changed();
    } else if (!this.active && !ended.has(progress.phase)) {
      void this.#watchOther(run);
      this.progress = progress;
      this.changed();
    }
  }

  #order(command: RunCommand): void {
    if (this.watching && this.#name !== null) this.#tabs?.order(this.#name, command);
    else this.#obey(command);
  }

  #obey(command: RunCommand): void {
    if (command === 'cancel') {
      this.#run?.cancel();
      return;
    }
    if (command === 'pause') this.#run?.pause();
    else this.#run?.resume();
    void this.#notePause(command === 'pause');
  }

  /** A fast engine ends more images a second than anyone reads; what calls for the user is said at once. */
  #show(progress: RunProgress): void {
    const before = this.progress;
    this.progress = progress;
    if (before?.phase !== progress.phase || before.message !== progress.message) this.#tell();
    else this.#telling ??= setTimeout(() => this.#tell(), TELL_MS);
  }

  #tell(): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    if (this.#name !== null && this.progress !== null) this.#tabs?.tell(this.#name, this.progress);
    this.changed();
  }
}
