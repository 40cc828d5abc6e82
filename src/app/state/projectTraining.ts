import type { BackendStatus, ProjectSettings, ProjectSettingsPatch } from '../../training/api.ts';
import { Observable } from '../../ui/observable.ts';
import { problemOf } from '../../ui/problem.ts';
import type { RelayApi } from './relayApi.ts';
import type { ProjectSource } from './sourceState.ts';

/** What training knows of the chosen project: how much is annotated, its settings, Label Studio's own buttons. */
export class ProjectTraining extends Observable {
  /** Tasks with an annotation that was not skipped; null while it is not known. */
  annotated: number | null = null;
  countProblem: string | null = null;
  settings: ProjectSettings | null = null;
  settingsProblem: string | null = null;
  backend: BackendStatus | null = null;
  backendProblem: string | null = null;
  connecting = false;

  readonly #relay: RelayApi;
  #of = '';

  constructor(relay: RelayApi) {
    super();
    this.#relay = relay;
  }

  /** Reads all of it, anew each time. `relayHasAccess`: whether the relay may ask this Label Studio by itself. */
  async read(chosen: ProjectSource, relayHasAccess: boolean): Promise<void> {
    const of = `${chosen.url} ${chosen.project.id}`;
    if (of !== this.#of) {
      this.#of = of;
      this.annotated = this.settings = this.backend = null;
      this.countProblem = this.settingsProblem = this.backendProblem = null;
      this.changed();
    }
    await Promise.all([
      this.#count(chosen, of),
      this.#settings(chosen.project.id, of),
      relayHasAccess ? this.#backend(chosen.project.id, of) : undefined,
    ]);
  }

  async change(project: number, patch: ProjectSettingsPatch): Promise<void> {
    const of = this.#of;
    const before = this.settings;
    // Shown at once; what the relay answers is what holds.
    if (before !== null) this.settings = { ...before, ...withoutUndefined(patch) };
    this.settingsProblem = null;
    this.changed();
    try {
      const settings = await this.#relay.changeSettings(project, patch);
      if (of === this.#of) this.settings = settings;
    } catch (error) {
      if (of !== this.#of) return;
      this.settings = before;
      this.settingsProblem = problemOf(error);
    }
    this.changed();
  }

  /** Makes the relay a model of the project in Label Studio. `handOver` gives it a token first. */
  async connectBackend(project: number, handOver: () => Promise<void>): Promise<void> {
    const of = this.#of;
    this.connecting = true;
    this.backendProblem = null;
    this.changed();
    try {
      await handOver();
      const backend = await this.#relay.connectBackend(project);
      if (of === this.#of) this.backend = backend;
    } catch (error) {
      if (of === this.#of) this.backendProblem = problemOf(error);
    } finally {
      this.connecting = false;
      this.changed();
    }
  }

  async #count({ labelStudio, project }: ProjectSource, of: string): Promise<void> {
    try {
      const annotated = await labelStudio.countAnnotated(project.id);
      if (of !== this.#of) return;
      this.annotated = annotated;
      this.countProblem = null;
    } catch (error) {
      if (of !== this.#of) return;
      this.countProblem = problemOf(error);
    }
    this.changed();
  }

  async #settings(project: number, of: string): Promise<void> {
    try {
      const settings = await this.#relay.settings(project);
      if (of !== this.#of) return;
      this.settings = settings;
      this.settingsProblem = null;
    } catch (error) {
      if (of !== this.#of) return;
      this.settingsProblem = problemOf(error);
    }
    this.changed();
  }

  async #backend(project: number, of: string): Promise<void> {
    try {
      const backend = await this.#relay.backend(project);
      if (of !== this.#of) return;
      this.backend = backend;
      this.backendProblem = null;
    } catch (error) {
      if (of !== this.#of) return;
      this.backendProblem = problemOf(error);
    }
    this.changed();
  }
}

function withoutUndefined(patch: ProjectSettingsPatch): Partial<ProjectSettings> {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
}
