import { parseLabelConfig, requireRectangleControls } from '../../labelstudio/labelConfig.ts';
import { assertMappable, suggestMapping } from '../../labelstudio/mapping.ts';
import type { Mapping, Project, RectangleControl } from '../../labelstudio/types.ts';
import { Observable } from '../../ui/observable.ts';
import { problemOf } from '../../ui/problem.ts';

/** What the model's classes become in the chosen project. Empty outside Label Studio. */
export class MappingState extends Observable {
  controls: readonly RectangleControl[] = [];
  mapping: Mapping | null = null;
  /** Why nothing can be posted, or null. */
  problem: string | null = null;
  /** True when the project itself is at fault, and no table can mend it. */
  projectUnfit = false;

  #classes: readonly string[] = [];

  /** Reads a project's labeling interface and proposes labels for the classes. */
  useProject(project: Project, classes: readonly string[]): void {
    this.#classes = classes;
    this.mapping = null;
    this.controls = [];
    this.projectUnfit = false;
    this.problem = null;
    try {
      this.controls = requireRectangleControls(parseLabelConfig(project.labelConfig));
    } catch (error) {
      this.projectUnfit = true;
      this.problem = problemOf(error);
    }
    const [first] = this.controls;
    if (first !== undefined) this.#suggest(first);
    this.changed();
  }

  /** Another model: the labels are proposed anew for the same control. */
  useClasses(classes: readonly string[]): void {
    this.#classes = classes;
    if (this.mapping !== null) this.#suggest(this.mapping.control);
    this.changed();
  }

  chooseControl(control: RectangleControl): void {
    this.#suggest(control);
    this.changed();
  }

  /** `labels`: for each class its label, or null to leave it out. */
  chooseLabels(labels: readonly (string | null)[]): void {
    if (this.mapping === null) return;
    this.mapping = { ...this.mapping, labels };
    this.#check();
    this.changed();
  }

  clear(): void {
    this.controls = [];
    this.mapping = null;
    this.problem = null;
    this.projectUnfit = false;
    this.changed();
  }

  #suggest(control: RectangleControl): void {
    this.mapping = suggestMapping(this.#classes, control);
    this.#check();
  }

  #check(): void {
    this.problem = null;
    if (this.mapping === null) return;
    try {
      assertMappable(this.#classes, this.mapping);
    } catch (error) {
      this.problem = problemOf(error);
    }
  }
}
