import type { Project, RectangleControl } from '../../labelstudio/types.ts';
import { addressName } from '../../labelstudio/address.ts';
import { labelStudioSink } from '../../prelabel/labelStudioSource.ts';
import type { PredictionSink, Publication, Source } from '../../prelabel/types.ts';
import { OfflineDownload } from '../offline/offlineDownload.ts';
import type { Reach } from '../offline/reach.ts';
import { askForPersistence } from '../../store/quota.ts';
import { ConnectionState } from './connectionState.ts';
import { DisplayState, classLooks } from './display.ts';
import { EngineState } from './engineState.ts';
import { Installation } from './installation.ts';
import { rememberModel } from './lastModel.ts';
import { recallProject, rememberProject } from './lastProject.ts';
import { mappingPlace, recallLabels, rememberLabels } from './mappingMemory.ts';
import { MappingState } from './mappingState.ts';
import type { ListedModel } from '../../engine/client/modelList.ts';
import { NewModel } from './newModel.ts';
import type { Observable } from '../../ui/observable.ts';
import { PanelAccess } from './panelAccess.ts';
import { PeekState } from './peekState.ts';
import { problemOf } from '../../ui/problem.ts';
import { ProjectTraining } from './projectTraining.ts';
import { ResultsForRelay } from './resultsForRelay.ts';
import { ReviewState } from './reviewState.ts';
import { Route } from './route.ts';
import { allTasks, queryOf, RunChoiceState } from './runChoices.ts';
import type { RunChoices } from './runChoices.ts';
import { RunState } from './runState.ts';
import type { Services } from './services.ts';
import { SourceState } from './sourceState.ts';
import { Thumbnails } from './thumbnails.ts';
import { TrainState } from './trainState.ts';

/** How many images a preview shows before the rest. */
const previewed = 6;
/** How often somebody who does not answer is asked again. */
const reachEveryMs = 15_000;

/** The state of the page, in one place. Its parts hold the facts; here are the choices that touch several. */
export class AppState {
  readonly route = new Route();
  readonly display = new DisplayState();
  readonly source = new SourceState();
  readonly mapping = new MappingState();
  readonly run = new RunState();
  readonly runChoices = new RunChoiceState();
  readonly thumbnails = new Thumbnails();
  readonly panelAccess = new PanelAccess();
  readonly installation = new Installation();
  readonly engine: EngineState;
  readonly connection: ConnectionState;
  readonly peek: PeekState;
  readonly review: ReviewState;
  readonly training: TrainState;
  readonly projectTraining: ProjectTraining;
  readonly newModel: NewModel;
  readonly offline: OfflineDownload;
  readonly reach: Reach;
  readonly services: Services;
  readonly #resultsForRelay: ResultsForRelay;
  /** The labels that were chosen the last time, on their way. */
  #recalling: Promise<void> = Promise.resolve();

  constructor(services: Services) {
    this.services = services;
    this.engine = new EngineState(services.loadEngine);
    this.connection = new ConnectionState(services.createLabelStudio, services.credentials);
    this.engine.subscribe(() => {
      const { info, model } = this.engine;
      if (info !== null && model !== null)
        void this.installation.keepEngine(model, info.backend === 'webgpu');
    });
    this.offline = new OfflineDownload(services.copies);
    this.reach = services.reach;
    this.peek = new PeekState(this.engine, this.thumbnails);
    this.review = new ReviewState(services.keep);
    const { relay } = services;
    this.projectTraining = new ProjectTraining(relay);
    this.#resultsForRelay = new ResultsForRelay((results) => relay.giveResults(results));
    this.newModel = new NewModel(
      (version) => this.useModel(version),
      () => this.run.active,
    );
    this.run.subscribe(() => this.newModel.runChanged());
    this.connection.subscribe(() => {
      if (this.connection.status === 'connected' && this.run.progress?.needsToken === true) this.run.resume();
    });
    this.training = new TrainState(
      relay,
      () => services.credentials.recall(),
      ({ version, project, take }) => this.#modelArrived(version, project, take),
    );
  }

  /** Everything that can change, for the few elements that show a bit of all of it. */
  get all(): readonly Observable[] {
    const { route, engine, connection, source, mapping, run, review, training } = this;
    return [route, engine, connection, source, mapping, run, review, training];
  }

  /** The first visit: the engine starts and the samples are listed side by side. */
  async start(): Promise<void> {
    this.run.connectTabs(async () => (await this.services.keep()).settings);
    addEventListener('online', () => this.run.nudge());
    void this.installation.start();
    // Whoever is away is asked again, by itself and as soon as the network is back.
    setInterval(() => void this.tryReach(), reachEveryMs);
    addEventListener('online', () => void this.tryReach());
    this.reach.subscribe(() => {
      if (this.reach.away.length === 0) this.run.nudge();
    });
    await Promise.all([
      this.engine.start().then(() => this.#modelChanged()),
      this.#useSamples().then(() => this.#resumeProject()),
      this.training.start(),
    ]);
  }

  /** Asks who was away whether they are back, and goes on with what waited for them. */
  async tryReach(): Promise<void> {
    await Promise.all([this.engine.offline ? this.engine.relist() : null, this.reach.recheck()]);
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
    this.#recallLabels();
  }

  chooseModel(model: ListedModel): void {
    rememberModel(model.version);
    this.engine.choose(model);
    this.#modelChanged();
  }

  /** Takes a model that the list may not show yet. Rejects when a run is under way or the model is gone. */
  async useModel(version: string): Promise<void> {
    if (this.run.active)
      throw new Error('A run is under way. Wait for its end, or cancel it, then try again.');
    if (this.engine.model?.version === version) return;
    this.chooseModel(await this.engine.find(version));
  }

  /** Whether the relay keeps a token for the Label Studio of the chosen project. */
  get relayHasAccess(): boolean {
    const known = this.training.status?.labelStudio;
    return known?.hasToken === true && known.url === this.source.chosen?.url;
  }

  /** Another control may draw on another image of the task, so the source is read anew. */
  chooseControl(control: RectangleControl): void {
    this.mapping.chooseControl(control);
    if (this.source.chosen !== null) this.source.useProject(this.source.chosen, control.imageField);
    this.#sourceChanged();
    this.#recallLabels();
  }

  chooseLabels(labels: readonly (string | null)[]): void {
    this.mapping.chooseLabels(labels);
    this.#looksChanged();
    void rememberLabels(this.mapping, this.#mappingPlace, this.#settings);
  }

  /** Starts a run with what is chosen, or with what was. Returns why it cannot, or null. */
  startRun(choices: RunChoices = this.runChoices.choices): Promise<string | null> {
    const field = this.#imageField;
    return this.#run(choices, null, (modelVersion) =>
      this.source.kind === 'project' && field !== null
        ? this.source.tasks(field, queryOf(choices.tasks, modelVersion))
        : this.source.source,
    );
  }

  /** Does again what failed, and nothing else. */
  retryFailed(): Promise<string | null> {
    const field = this.#imageField;
    const keys = this.review.failed.filter(({ state }) => state === 'failed').map(({ key }) => key);
    const { post } = this.runChoices.choices;
    return this.#run({ post, tasks: allTasks, previewFirst: false, replaces: null }, keys, () =>
      this.source.only(keys, field),
    );
  }

  /** Goes on with the run of the chosen source and model that was broken off. */
  goOn(): Promise<string | null> {
    return this.startRun(this.run.brokenOff?.choices);
  }

  async #run(
    choices: RunChoices,
    retried: readonly string[] | null,
    sourceFor: (modelVersion: string) => Source | null,
  ): Promise<string | null> {
    try {
      const engine = await this.engine.ready();
      const { modelVersion } = engine.info;
      const source = sourceFor(modelVersion);
      if (source === null) return this.mapping.problem ?? 'No images are chosen. Choose a source first.';
      const posts = choices.post && this.source.kind === 'project';
      const sink = posts ? this.#sink(source.id, modelVersion, choices.replaces) : null;
      if (posts && sink === null) return this.mapping.problem ?? 'Choose a Label Studio project first.';
      const { results: store, settings } = await this.services.keep();
      // Now there is something to keep. Not awaited: some browsers ask their user.
      void askForPersistence();
      const field = this.#imageField;
      const relayProject = this.relayHasAccess ? this.source.chosen?.project.id : undefined;
      const plan = {
        source,
        engine,
        store,
        settings,
        sink,
        retryFailed: retried !== null,
        previewFirst: choices.previewFirst ? previewed : null,
        choices: retried === null ? choices : null,
      };
      await this.run.start(plan, (result) => {
        if (relayProject !== undefined && field !== null)
          this.#resultsForRelay.add(relayProject, field, result);
        if (result.timings !== null) this.engine.note({ timings: result.timings });
        this.review.add(result);
      });
      return null;
    } catch (error) {
      return problemOf(error);
    }
  }

  #sink(sourceId: string, modelVersion: string, replaces: string | null): PredictionSink | null {
    const { chosen } = this.source;
    const { mapping, problem } = this.mapping;
    if (chosen === null || mapping === null || problem !== null) return null;
    let fixed: Publication | null = null;
    return labelStudioSink({
      labelStudio: chosen.labelStudio,
      projectId: chosen.project.id,
      modelVersion,
      replaces,
      // Once for all of a run, and not before its first post: a preview is there to find the threshold.
      publication: () =>
        (fixed ??= {
          mapping: (this.source.source?.id === sourceId ? this.mapping.mapping : null) ?? mapping,
          threshold: this.display.threshold,
        }),
    });
  }

  /** Only a model of the open project concerns this page; numbers of projects repeat between Label Studios. */
  #modelArrived(version: string, project: number, take: boolean): void {
    const { chosen } = this.source;
    if (chosen?.project.id !== project || this.engine.model?.version === version) return;
    const job = this.training.jobs.find((each) => each.model === version);
    if (job !== undefined && job.labelStudio !== addressName(chosen.url)) return;
    this.newModel.arrived(version, job, take);
  }

  get #imageField(): string | null {
    return this.mapping.mapping?.control.imageField ?? null;
  }

  get #classes(): readonly string[] {
    return this.engine.model?.manifest.classes ?? [];
  }

  get #mappingPlace() {
    return mappingPlace(this.source.chosen, this.engine.model);
  }

  readonly #settings = async () => (await this.services.keep()).settings;

  #recallLabels(): void {
    this.#recalling = recallLabels(this.mapping, this.#mappingPlace, this.#settings).then((found) => {
      if (found) this.#looksChanged();
    });
  }

  #modelChanged(): void {
    this.mapping.useClasses(this.#classes);
    this.#recallLabels();
    this.#looksChanged();
    this.readResults();
  }

  #sourceChanged(): void {
    if (this.source.kind !== 'project') this.mapping.clear();
    this.runChoices.reset();
    this.thumbnails.clear();
    this.peek.reset();
    this.#looksChanged();
    this.readResults();
  }

  #looksChanged(): void {
    this.display.setLooks(classLooks(this.#classes, this.mapping.mapping));
  }

  /** Reads the results anew: of another source or model, or that have come from elsewhere than a run. */
  readResults(): void {
    const { source } = this.source;
    const { model } = this.engine;
    const name =
      source === null || model === null ? null : { sourceId: source.id, modelVersion: model.version };
    const has = source?.has?.bind(source);
    if (name !== null) void this.review.load(name.sourceId, name.modelVersion, has);
    void this.run.look(name, (choices) => {
      // The other tab's results are in the store, and not yet here.
      if (name !== null) void this.review.load(name.sourceId, name.modelVersion, has);
      if (choices !== null) void this.#takeOver(choices);
    });
  }

  async #takeOver(choices: RunChoices): Promise<void> {
    await this.#recalling;
    const problem = await this.startRun(choices);
    // Nobody has pressed a button here that could say it.
    if (problem !== null) this.source.fail(new Error(problem));
  }
}
