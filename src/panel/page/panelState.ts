import { mappingSummary, suggestMapping } from '../../labelstudio/mapping.ts';
import { toPrediction } from '../../labelstudio/regions.ts';
import type { Mapping, RectangleControl } from '../../labelstudio/types.ts';
import type { ListedModel } from '../../engine/client/modelList.ts';
import { readLabels, writeLabels } from '../../store/savedMapping.ts';
import type { Settings } from '../../store/settings.ts';
import type { ResultStore } from '../../store/types.ts';
import { Observable } from '../../ui/observable.ts';
import { problemOf } from '../../ui/problem.ts';
import type { PanelEngine } from './panelEngine.ts';
import { lowestThreshold, panelSettings } from './panelSettings.ts';
import type { Delivery, PanelSettings } from './panelSettings.ts';
import { allRegions, controlKey, controlsOf, drawnControls, imageFields } from './targets.ts';
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
  controls: readonly RectangleControl[] = [];
  /** A `controlKey`; null: one for each image. */
  control: string | null = null;
  /** Of the drawn controls, for the open task and the chosen model. */
  mappings: readonly Mapping[] = [];
  /** Tasks that the panel has pre-labeled since it was opened, and the boxes it put there. */
  tasks = 0;
  boxes = 0;
  /** Of the last task that the model ran for; null before. */
  lastMs: number | null = null;

  readonly engine: PanelEngine;
  readonly #page: TaskPage;
  readonly #keep: PanelServices['keep'];
  readonly #results: TaskResults;
  #mapped: Promise<void> = Promise.resolve();
  #saving: ReturnType<typeof setTimeout> | undefined;
  #stopWork: () => void = () => undefined;

  constructor({ page, engine, keep }: PanelServices) {
    super();
    this.#page = page;
    this.engine = engine;
    this.#keep = keep;
    this.#results = new TaskResults({
      store: async () => (await keep()).results,
      detect: (image, signal) => engine.detect(image, signal),
    });
    let model: ListedModel | null = null;
    engine.subscribe(() => {
      if (engine.model !== model) {
        model = engine.model;
        this.#remap();
      }
      this.changed();
    });
    page.subscribe(() => this.#pageChanged());
  }

  /** Reads the settings, loads the model, and looks at what is open. */
  async start(): Promise<void> {
    try {
      this.settings = await (await this.#keep()).settings.read(panelSettings);
      this.changed();
    } catch {
      // Without storage every visit begins with the defaults.
    }
    this.#pageChanged();
    await this.engine.start(this.settings.model);
  }

  /** A model that failed to load is tried once more. */
  retryEngine(): Promise<void> {
    return this.engine.start(this.settings.model);
  }

  chooseModel(model: ListedModel): void {
    this.#save({ model: model.version });
    this.engine.choose(model);
    // Boxes of the model before are not this one's to move.
    this.#open(this.work?.task ?? null);
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

  chooseControl(key: string | null): void {
    this.control = key;
    this.#remap();
    this.#open(this.work?.task ?? null);
  }

  /** `labels`: for each class its label, or null to leave it out. Kept for the project. */
  async chooseLabels(control: RectangleControl, labels: Mapping['labels']): Promise<void> {
    const mapping = { control, labels };
    this.mappings = this.mappings.map((each) => (each.control === control ? mapping : each));
    this.changed();
    const { work } = this;
    if (work === null) return;
    const place = this.#placeOf(work.task);
    try {
      if (place !== null) await writeLabels((await this.#keep()).settings, place, mapping);
    } catch {
      // It holds until the panel is closed.
    }
  }

  /** What of the model becomes nothing in this project, as a sentence; null when something does. */
  get unmapped(): string | null {
    if (this.mappings.length === 0 || this.engine.model === null) return null;
    const { classes } = this.engine.model.manifest;
    const matches = this.mappings.some((mapping) => mappingSummary(classes, mapping).mapped.length > 0);
    return matches
      ? null
      : 'No class of the model has a label in this project. Choose a label for each class under Options.';
  }

  /** Pre-labels the open task. Asks first where the annotation has boxes, unless `anyway`. */
  async preLabel({ anyway = false } = {}): Promise<void> {
    const { work } = this;
    if (work === null || work.phase === 'working') return;
    const { delivery } = this.settings;
    if (delivery === 'insert' && work.task.boxes > 0 && !anyway) {
      work.ask();
      return;
    }
    const shownBefore = work.shown.size;
    await work.run(
      () => this.#find(work),
      () => this.settings.threshold,
      delivery === 'insert'
        ? null
        : (regions) => this.#page.post(toPrediction(work.task.id, regions, this.engine.model?.version ?? '')),
    );
    if (work.phase !== 'done') return;
    this.tasks += 1;
    this.boxes += work.posted ? 0 : work.shown.size - shownBefore;
    this.lastMs = work.findings?.ms ?? this.lastMs;
    this.changed();
    await this.#lookAhead();
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
    if (this.settings.asIGo) void this.preLabel();
  }

  #open(task: OpenTask | null): void {
    const before = this.work?.task;
    this.work?.leave();
    this.#stopWork();
    this.work = null;
    if (task === null) {
      this.#results.want(new Set());
      this.changed();
      return;
    }
    if (before?.labelConfig !== task.labelConfig || before.project !== task.project) this.control = null;
    try {
      this.controls = controlsOf(task.labelConfig);
    } catch (error) {
      this.controls = [];
      this.message = problemOf(error);
      this.changed();
      return;
    }
    const work = new TaskWork(this.#page, task);
    this.work = work;
    this.#stopWork = work.subscribe(() => this.changed());
    this.#remap();
    this.changed();
  }

  #placeOf(task: OpenTask) {
    const { model } = this.engine;
    return model === null ? null : { url: task.url, project: task.project, modelVersion: model.version };
  }

  /** Proposes the labels anew, and takes those that were chosen by hand for this project and model. */
  #remap(): void {
    const { model } = this.engine;
    const task = this.work?.task;
    if (model === null || task === undefined) return;
    const { classes } = model.manifest;
    const drawn = drawnControls(this.controls, classes, this.control);
    this.mappings = drawn.map((control) => suggestMapping(classes, control));
    const place = { url: task.url, project: task.project, modelVersion: model.version };
    this.#mapped = this.#recallLabels(drawn, place, classes.length);
  }

  async #recallLabels(
    drawn: readonly RectangleControl[],
    place: { url: string; project: number; modelVersion: string },
    classes: number,
  ): Promise<void> {
    try {
      const { settings } = await this.#keep();
      const chosen = await Promise.all(drawn.map((control) => readLabels(settings, place, control, classes)));
      const keys = drawn.map(controlKey).join();
      if (this.mappings.map(({ control }) => controlKey(control)).join() !== keys) return;
      this.mappings = this.mappings.map((mapping, index) => ({
        ...mapping,
        labels: chosen[index] ?? mapping.labels,
      }));
      this.changed();
    } catch {
      // The proposal stands.
    }
  }

  async #find(work: TaskWork): Promise<Findings> {
    await this.engine.ready();
    await this.#mapped;
    const { task } = work;
    // It must not take the detector from the task that is open by now.
    if (work.hasLeft()) return { regions: [], ms: null };
    const unmapped = this.unmapped;
    if (unmapped !== null) throw new Error(unmapped);
    const { mappings } = this;
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
    const several = imageFields(this.controls).length > 1;
    const { imageField } = control;
    return this.#results.get(
      {
        ...{ url: task.url, project: task.project, task: task.id },
        modelVersion: this.engine.model?.version ?? '',
        field: several ? imageField : null,
      },
      (signal) => this.#page.fetchImage(task.id, imageField, signal),
    );
  }

  /** While the user looks at this task, the next ones are found. Failures show when they are opened. */
  async #lookAhead(): Promise<void> {
    const { work } = this;
    if (!this.settings.asIGo || work === null) return;
    const next = (await this.#page.upcoming().catch(() => [])).slice(0, ahead);
    if (work.hasLeft()) return;
    this.#results.want(new Set([work.task.id, ...next]));
    for (const id of next) {
      const looks = this.mappings.map(({ control }) => this.#result({ ...work.task, id }, control));
      await Promise.allSettled(looks);
      // Another task is open, which looks ahead by itself.
      if (this.work !== work) return;
    }
  }

  #save(change: Partial<PanelSettings>): void {
    this.settings = { ...this.settings, ...change };
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
