import { toPrediction } from '../../labelstudio/regions.ts';
import type { Mapping, RectangleControl } from '../../labelstudio/types.ts';
import type { ListedModel } from '../../engine/client/modelList.ts';
import type { Settings } from '../../store/settings.ts';
import type { ResultStore } from '../../store/types.ts';
import { Observable } from '../../ui/observable.ts';
import { problemOf } from '../../ui/problem.ts';
import type { PanelEngine } from './panelEngine.ts';
import { lowestThreshold, panelSettings } from './panelSettings.ts';
import type { Delivery, PanelSettings } from './panelSettings.ts';
import { PanelTargets } from './panelTargets.ts';
import { allRegions } from './targets.ts';
import { TaskResults } from './taskResults.ts';
import { TaskWork } from './taskWork.ts';
import type { Findings } from './taskWork.ts';
import type { OpenTask, TaskPage } from './taskPage.ts';

/** What is kept in this browser. */
export interface PanelKept {
  readonly results: ResultStore;
  readonly settings: Settings;
}

export interface PanelServices {
  readonly page: TaskPage;
  readonly engine: PanelEngine;
  /** Rejects where the browser keeps nothing. */
  readonly keep: () => Promise<PanelKept>;
}

/** How many tasks are looked at before they are opened. */
const ahead = 2;

/** What the panel shows and does, without its view. */
export class PanelState extends Observable {
  settings: PanelSettings = panelSettings.initial;
  /** Null: no task is open; `message` says why. */
  work: TaskWork | null = null;
  message: string | null = null;
  /** Tasks that the panel has pre-labeled since it was opened, and the boxes it put there. */
  tasks = 0;
  boxes = 0;
  /** Of the last task that the model ran for; null before. */
  lastMs: number | null = null;

  readonly engine: PanelEngine;
  readonly targets: PanelTargets;
  readonly #page: TaskPage;
  readonly #keep: PanelServices['keep'];
  readonly #results: TaskResults;
  #saving: ReturnType<typeof setTimeout> | undefined;
  #chosen: Partial<PanelSettings> = {};
  /** The task that was pre-labeled last: as the user goes, each once, also when Label Studio builds its editor anew. */
  #doneLast = '';
  #stopWork: () => void = () => undefined;

  constructor({ page, engine, keep }: PanelServices) {
    super();
    this.#page = page;
    this.engine = engine;
    this.#keep = keep;
    this.targets = new PanelTargets(async () => (await keep()).settings);
    this.targets.subscribe(() => this.changed());
    this.#results = new TaskResults({
      store: async () => (await keep()).results,
      detect: (image, signal) => engine.detect(image, signal),
    });
    let model: ListedModel | null = null;
    engine.subscribe(() => {
      if (engine.model !== model) {
        model = engine.model;
        if (this.work !== null) this.targets.use(this.work.task, model);
      }
      this.changed();
    });
    page.subscribe(() => this.#pageChanged());
  }

  /** Reads the settings, loads the model, and looks at what is open. */
  async start(): Promise<void> {
    try {
      const kept = await (await this.#keep()).settings.read(panelSettings);
      // What was chosen while they were read stays.
      this.settings = { ...kept, ...this.#chosen };
      this.changed();
    } catch {
      // Without storage every visit begins with the defaults.
    }
    this.#pageChanged();
    // The page may have said what is open before the settings were there.
    if (this.settings.asIGo && this.work?.phase === 'idle') void this.#preLabel(this.work, false);
    await this.engine.start(this.settings.model);
  }

  /** A model that failed to load is tried once more. */
  retryEngine(): Promise<void> {
    return this.engine.start(this.settings.model);
  }

  /** Boxes of the model before that nobody has touched make room for this one's. */
  async chooseModel(model: ListedModel): Promise<void> {
    this.#save({ model: model.version });
    await this.#anew(() => this.engine.choose(model));
  }

  /** A `controlKey`; null: one control for each image. */
  async chooseControl(key: string | null): Promise<void> {
    await this.#anew(() => this.targets.chooseControl(key));
  }

  /** `labels`: for each class its label, or null to leave it out. */
  async chooseLabels(control: RectangleControl, labels: Mapping['labels']): Promise<void> {
    await this.#anew(() => this.targets.chooseLabels(control, labels));
  }

  /** 0..1; boxes of the open task come and go with it. */
  setThreshold(value: number): void {
    const threshold = Math.round(Math.min(1, Math.max(lowestThreshold, value)) * 100) / 100;
    this.#save({ threshold });
    void this.work?.setThreshold(threshold);
  }

  setDelivery(delivery: Delivery): void {
    this.#save({ delivery });
  }

  setKey(key: string): void {
    this.#save({ key });
  }

  /** From now on, and for the task that is open. */
  setAsIGo(asIGo: boolean): void {
    this.#save({ asIGo });
    if (asIGo && this.work?.phase === 'idle') void this.preLabel();
  }

  /** Pre-labels the task that is open now. Asks first where the annotation has boxes, unless `anyway`. */
  async preLabel({ anyway = false } = {}): Promise<void> {
    const { work } = this;
    if (work?.phase === 'working') return;
    // The user sees a task that was opened a moment ago; the panel may not have heard of it. Who said 'anyway' meant this one.
    if (!anyway) await this.#page.refresh().catch(() => undefined);
    await this.#preLabel(anyway ? work : this.work, anyway);
  }

  async #preLabel(work: TaskWork | null, anyway: boolean): Promise<void> {
    if (work === null || work.phase === 'working' || work.hasLeft()) return;
    const { delivery } = this.settings;
    if (delivery === 'insert' && work.task.boxes > 0 && !anyway) {
      work.ask();
      await this.#lookAhead();
      return;
    }
    const shownBefore = work.shown.size;
    await work.run(
      () => this.#find(work),
      () => this.settings.threshold,
      delivery === 'insert'
        ? null
        : (regions) => this.#page.post(toPrediction(work.task.id, regions, this.engine.model?.version ?? '')),
      anyway,
    );
    if (work.hasLeft()) return;
    if (work.phase === 'done') {
      this.#doneLast = nameOf(work.task);
      this.tasks += 1;
      this.boxes += work.posted === 'no' ? work.shown.size - shownBefore : 0;
      this.lastMs = work.findings?.ms ?? this.lastMs;
      this.changed();
    }
    await this.#lookAhead();
  }

  /** Changes what boxes are made of: those of the panel that are there, and untouched, are replaced. */
  async #anew(change: () => void | Promise<void>): Promise<void> {
    const { work } = this;
    const replaces = work?.phase === 'done' && work.shown.size > 0;
    const changed = change();
    if (!replaces) {
      this.#open(work?.task ?? null);
      await changed;
      return;
    }
    await work.removeAll();
    await changed;
    if (this.work !== work) return;
    this.#open(work.task);
    // It was asked for, beside whatever else is there.
    await this.#preLabel(this.work, true);
  }

  #pageChanged(): void {
    const { view } = this.#page;
    if (view.kind === 'none') {
      this.message = view.message;
      this.#open(null);
      return;
    }
    this.message = null;
    const { task } = view;
    const before = this.work?.task;
    if (before?.id === task.id && before.project === task.project && before.url === task.url) {
      // The same annotation: only its boxes may have changed. In another one, nothing is done unasked.
      if (before.annotation === task.annotation) this.work?.retake(task);
      else this.#open(task);
      this.changed();
      return;
    }
    this.#open(task);
    if (nameOf(task) !== this.#doneLast) {
      this.#doneLast = '';
      if (this.settings.asIGo) void this.#preLabel(this.work, false);
    }
  }

  #open(task: OpenTask | null): void {
    this.work?.leave();
    this.#stopWork();
    this.work = null;
    if (task === null) {
      this.#results.want(new Set());
      this.changed();
      return;
    }
    try {
      this.targets.use(task, this.engine.model);
    } catch (error) {
      this.message = problemOf(error);
      this.changed();
      return;
    }
    const work = new TaskWork(this.#page, task);
    this.work = work;
    this.#stopWork = work.subscribe(() => this.changed());
    this.changed();
  }

  async #find(work: TaskWork): Promise<Findings> {
    await this.engine.ready();
    await this.targets.ready();
    const { task } = work;
    // It must not take the detector from the task that is open by now.
    if (work.hasLeft()) return { regions: [], ms: null };
    const { unmapped, mappings } = this.targets;
    if (unmapped !== null) throw new Error(unmapped);
    this.#results.want(new Set([task.id]));
    const kept = await Promise.all(mappings.map(({ control }) => this.#result(task, control)));
    const ms = kept.reduce<number | null>(
      (sum, each) => (each.ms === null ? sum : (sum ?? 0) + each.ms),
      null,
    );
    return {
      regions: allRegions(mappings.flatMap((mapping, i) => (kept[i] ? [{ ...kept[i], mapping }] : []))),
      ms,
    };
  }

  #result(task: Pick<OpenTask, 'id' | 'project' | 'url'>, control: RectangleControl) {
    const { imageField } = control;
    return this.#results.get(
      {
        ...{ url: task.url, project: task.project, task: task.id },
        modelVersion: this.engine.model?.version ?? '',
        field: this.targets.several ? imageField : null,
      },
      (signal) => this.#page.fetchImage(task.id, imageField, signal),
    );
  }

  /** While the user looks at this task, the next ones are found. Failures show when they are opened. */
  async #lookAhead(): Promise<void> {
    const { work } = this;
    if (!this.settings.asIGo || work === null) return;
    try {
      await this.engine.ready();
      await this.targets.ready();
    } catch {
      return;
    }
    if (work.hasLeft() || this.targets.unmapped !== null) return;
    const next = (await this.#page.upcoming().catch(() => [])).slice(0, ahead);
    if (work.hasLeft()) return;
    this.#results.want(new Set([work.task.id, ...next]));
    for (const id of next) {
      const looks = this.targets.mappings.map(({ control }) => this.#result({ ...work.task, id }, control));
      await Promise.allSettled(looks);
      // Another task is open, which looks ahead by itself.
      if (this.work !== work) return;
    }
  }

  #save(change: Partial<PanelSettings>): void {
    this.settings = { ...this.settings, ...change };
    this.#chosen = { ...this.#chosen, ...change };
    this.changed();
    clearTimeout(this.#saving);
    // A slider changes many times a second.
    this.#saving = setTimeout(() => {
      void this.#keep()
        .then(({ settings }) => settings.write(panelSettings, this.settings))
        .catch(() => undefined);
    }, 200);
  }
}

const nameOf = ({ url, project, id }: OpenTask): string => [url, project, id].join(' ');
