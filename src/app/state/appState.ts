import type { LabelStudio, LabelStudioOptions, Project, RectangleControl } from '../../labelstudio/types.ts';
import { labelStudioSink } from '../../prelabel/labelStudioSource.ts';
import type { PredictionSink, Source } from '../../prelabel/types.ts';
import { ConnectionState } from './connectionState.ts';
import type { CredentialMemory } from './connectionState.ts';
import { DisplayState, classLooks } from './display.ts';
import { EngineState } from './engineState.ts';
import type { LoadEngine } from './engineState.ts';
import { recallProject, rememberProject } from './lastProject.ts';
import { MappingState } from './mappingState.ts';
import type { ListedModel } from './modelList.ts';
import type { Observable } from './observable.ts';
import { PeekState } from './peekState.ts';
import { problemOf } from './problem.ts';
import { ReviewState } from './reviewState.ts';
import type { Kept } from './reviewState.ts';
import { Route } from './route.ts';
import { RunState } from './runState.ts';
import { SourceState } from './sourceState.ts';
import { Thumbnails } from './thumbnails.ts';

/** What the page's state stands on; real parts in the app, stand-ins in tests. */
export interface Services {
  readonly loadEngine: LoadEngine;
  readonly createLabelStudio: (options: LabelStudioOptions) => LabelStudio;
  readonly credentials: CredentialMemory;
  readonly keep: () => Promise<Kept>;
  readonly listSamples: () => Promise<Source>;
  /** Deletes all that is kept in this browser; the page is to be reloaded afterwards. */
  readonly deleteEverything: () => Promise<void>;
}

export interface RunChoices {
  /** Post to Label Studio; false: only detect and keep. */
  readonly post: boolean;
  readonly onlyUnlabeled: boolean;
  readonly retryFailed: boolean;
}

/** The state of the page, in one place. Its parts hold the facts; here are the choices that touch several. */
export class AppState {
  readonly route = new Route();
  readonly display = new DisplayState();
  readonly source = new SourceState();
  readonly mapping = new MappingState();
  readonly run = new RunState();
  readonly thumbnails = new Thumbnails();
  readonly engine: EngineState;
  readonly connection: ConnectionState;
  readonly peek: PeekState;
  readonly review: ReviewState;
  readonly services: Services;

  constructor(services: Services) {
    this.services = services;
    this.engine = new EngineState(services.loadEngine);
    this.connection = new ConnectionState(services.createLabelStudio, services.credentials);
    this.peek = new PeekState(this.engine, this.thumbnails);
    this.review = new ReviewState(services.keep);
  }

  /** Everything that can change, for the few elements that show a bit of all of it. */
  get all(): readonly Observable[] {
    const { route, engine, connection, source, mapping, run, review } = this;
    return [route, engine, connection, source, mapping, run, review];
  }

  /** The first visit: the engine starts and the samples are listed side by side. */
  async start(): Promise<void> {
    await Promise.all([
      this.engine.start().then(() => this.#modelChanged()),
      this.#useSamples().then(() => this.#resumeProject()),
    ]);
  }

  /** Back to the samples. */
  async chooseSamples(): Promise<void> {
    rememberProject(null);
    await this.#useSamples();
  }

  async #useSamples(): Promise<void> {
    try {
      this.source.useSamples(await this.services.listSamples());
      this.#sourceChanged();
    } catch (error) {
      this.source.fail(error);
    }
  }

  /** With a remembered token, a reload comes back to the project that was chosen: a run goes on from there. */
  async #resumeProject(): Promise<void> {
    await this.connection.resume();
    const last = recallProject();
    const { info, projects } = this.connection;
    const project = projects?.find(({ id }) => id === last?.id);
    if (project === undefined || info?.url !== last?.url || this.source.kind !== 'samples') return;
    this.chooseProject(project);
  }

  chooseFolder(source: Source): void {
    this.source.useFolder(source);
    this.#sourceChanged();
  }

  chooseProject(project: Project): void {
    const { client, info } = this.connection;
    if (client === null || info === null) return;
    rememberProject({ url: info.url, id: project.id });
    this.mapping.useProject(project, this.#classes);
    this.source.useProject(
      { labelStudio: client, url: info.url, project },
      this.mapping.mapping?.control.imageField ?? null,
    );
    this.#sourceChanged();
  }

  chooseModel(model: ListedModel): void {
    this.engine.choose(model);
    this.#modelChanged();
  }

  /** Another control may draw on another image of the task, so the source is read anew. */
  chooseControl(control: RectangleControl): void {
    this.mapping.chooseControl(control);
    if (this.source.chosen !== null) this.source.useProject(this.source.chosen, control.imageField);
    this.#sourceChanged();
  }

  chooseLabels(labels: readonly (string | null)[]): void {
    this.mapping.chooseLabels(labels);
    this.#looksChanged();
  }

  /** Starts a run with what is chosen. Returns why it cannot, or null. */
  async startRun(choices: RunChoices): Promise<string | null> {
    try {
      const engine = await this.engine.ready();
      const { mapping } = this.mapping;
      const source =
        choices.onlyUnlabeled && mapping !== null
          ? this.source.unlabeledOnly(mapping.control.imageField)
          : this.source.source;
      if (source === null) return this.mapping.problem ?? 'No images are chosen. Choose a source first.';
      const sink = choices.post ? this.#sink(engine.info.modelVersion) : null;
      if (choices.post && sink === null)
        return this.mapping.problem ?? 'Choose a Label Studio project first.';
      const { results: store } = await this.services.keep();
      this.run.start({ source, engine, store, sink, retryFailed: choices.retryFailed }, (result) => {
        if (result.timings !== null) this.engine.note({ timings: result.timings });
        this.review.add(result);
      });
      return null;
    } catch (error) {
      return problemOf(error);
    }
  }

  #sink(modelVersion: string): PredictionSink | null {
    const { chosen } = this.source;
    const { mapping, problem } = this.mapping;
    if (chosen === null || mapping === null || problem !== null) return null;
    return labelStudioSink({
      labelStudio: chosen.labelStudio,
      projectId: chosen.project.id,
      modelVersion,
      publication: { mapping, threshold: this.display.threshold },
    });
  }

  get #classes(): readonly string[] {
    return this.engine.model?.manifest.classes ?? [];
  }

  #modelChanged(): void {
    this.mapping.useClasses(this.#classes);
    this.#looksChanged();
    this.#reviewChanged();
  }

  #sourceChanged(): void {
    if (this.source.kind !== 'project') this.mapping.clear();
    this.thumbnails.clear();
    this.peek.reset();
    this.#looksChanged();
    this.#reviewChanged();
  }

  #looksChanged(): void {
    this.display.setLooks(classLooks(this.#classes, this.mapping.mapping));
  }

  #reviewChanged(): void {
    const { source } = this.source;
    const { model } = this.engine;
    if (source !== null && model !== null) void this.review.load(source.id, model.version);
  }
}
