import type { ListedModel } from '../../engine/client/modelList.ts';
import { mappingSummary, suggestMapping } from '../../labelstudio/mapping.ts';
import type { Mapping, RectangleControl } from '../../labelstudio/types.ts';
import { readControl, readLabels, writeControl, writeLabels } from '../../store/savedMapping.ts';
import type { MappingPlace } from '../../store/savedMapping.ts';
import type { Settings } from '../../store/settings.ts';
import { Observable } from '../../ui/observable.ts';
import type { OpenTask } from './taskPage.ts';
import { controlKey, controlsOf, drawnControls, imageFields } from './targets.ts';

/** Where boxes go in the project of the open task, and what the model's classes become there. */
export class PanelTargets extends Observable {
  /** Of the labeling interface. */
  controls: readonly RectangleControl[] = [];
  /** A `controlKey`; null: one for each image. */
  control: string | null = null;
  /** Of the controls that are drawn with. */
  mappings: readonly Mapping[] = [];

  readonly #settings: () => Promise<Settings>;
  #task: Pick<OpenTask, 'url' | 'project' | 'labelConfig'> | null = null;
  #model: ListedModel | null = null;
  #recalled: Promise<void> = Promise.resolve();
  #round = 0;

  /** @param settings rejects where the browser keeps nothing */
  constructor(settings: () => Promise<Settings>) {
    super();
    this.#settings = settings;
  }

  /**
   * Proposes labels, and takes those that were chosen by hand for this project and model. Throws `LabelStudioError`
   * ('label-config', 'no-rectangle-labels') with what to do.
   */
  use(task: OpenTask, model: ListedModel | null): void {
    const before = this.#task;
    const same =
      before?.url === task.url && before.project === task.project && before.labelConfig === task.labelConfig;
    if (same && model === this.#model) return;
    // Nothing of the project before, also where this one has no rectangle labels.
    this.#task = null;
    this.mappings = [];
    if (!same) {
      this.control = null;
      this.controls = [];
      this.controls = controlsOf(task.labelConfig);
    }
    this.#task = task;
    this.#model = model;
    this.#propose();
    this.#recalled = this.#recall(same);
  }

  /** Resolves when what was chosen before is known. */
  ready(): Promise<void> {
    return this.#recalled;
  }

  /** Whether a task of the project has several images. */
  get several(): boolean {
    return imageFields(this.controls).length > 1;
  }

  /** What of the model becomes nothing in this project, in two sentences; null when something does. */
  get unmapped(): string | null {
    if (this.mappings.length === 0 || this.#model === null) return null;
    const { classes } = this.#model.manifest;
    const matches = this.mappings.some((mapping) => mappingSummary(classes, mapping).mapped.length > 0);
    return matches
      ? null
      : 'No class of the model has a label in this project. Choose a label for each class under Options.';
  }

  /** `key`: a `controlKey`, or null for one control on each image. Kept for the project. */
  async chooseControl(key: string | null): Promise<void> {
    this.control = key;
    this.#propose();
    this.#recalled = this.#recall(true);
    const task = this.#task;
    try {
      if (task !== null) await writeControl(await this.#settings(), task, key);
    } catch {
      // It holds until the panel is closed.
    }
  }

  /** `labels`: for each class its label, or null to leave it out. Kept for the project and the model. */
  async chooseLabels(control: RectangleControl, labels: Mapping['labels']): Promise<void> {
    const mapping = { control, labels };
    this.mappings = this.mappings.map((each) => (each.control === control ? mapping : each));
    this.changed();
    const place = this.#place();
    try {
      if (place !== null) await writeLabels(await this.#settings(), place, mapping);
    } catch {
      // It holds until the panel is closed.
    }
  }

  #place(): MappingPlace | null {
    if (this.#task === null || this.#model === null) return null;
    return { url: this.#task.url, project: this.#task.project, modelVersion: this.#model.version };
  }

  #propose(): void {
    const classes = this.#model?.manifest.classes;
    this.#round += 1;
    const drawn = classes === undefined ? [] : drawnControls(this.controls, classes, this.control);
    this.mappings = drawn.map((control) => suggestMapping(classes ?? [], control));
    this.changed();
  }

  async #recall(controlIsKnown: boolean): Promise<void> {
    const [task, place] = [this.#task, this.#place()];
    if (task === null) return;
    try {
      const settings = await this.#settings();
      if (!controlIsKnown) {
        const round = this.#round;
        const control = await readControl(settings, task);
        // Chosen anew, or another project, while it was read.
        if (round !== this.#round) return;
        if (control !== null && this.controls.some((each) => controlKey(each) === control)) {
          this.control = control;
          this.#propose();
        }
      }
      const round = this.#round;
      if (place === null) return;
      const classes = this.#model?.manifest.classes.length ?? 0;
      const chosen = await Promise.all(
        this.mappings.map(({ control }) => readLabels(settings, place, control, classes)),
      );
      if (round !== this.#round) return;
      this.mappings = this.mappings.map((mapping, index) => ({
        ...mapping,
        labels: chosen[index] ?? mapping.labels,
      }));
      this.changed();
    } catch {
      // The proposal stands.
    }
  }
}
