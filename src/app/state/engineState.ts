import type { DetectResult, Engine, EngineInfo, Timings } from '../../engine/types.ts';
import type { EngineChoice } from '../../engine/client/engineChoice.ts';
import { recallEngine, rememberEngine } from '../../engine/client/lastEngine.ts';
import { recallModel } from './lastModel.ts';
import { fetchModels } from '../../engine/client/modelList.ts';
import type { ListedModel, ModelList } from '../../engine/client/modelList.ts';
import { Observable } from '../../ui/observable.ts';
import { isAbort, problemOf } from '../../ui/problem.ts';

/** How far loading has come. */
export interface LoadProgress {
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

export interface LoadOptions {
  readonly choice: EngineChoice;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: LoadProgress) => void;
  /** Another engine has taken over in mid-run, or more is known of one that is not used. */
  readonly onInfo: (info: EngineInfo) => void;
}

/** Starts the detector for a model; the worker client in the app, a stand-in in tests. */
export type LoadEngine = (model: ListedModel, options: LoadOptions) => Promise<Engine>;

export type EngineStatus =
  | { readonly kind: 'loading'; readonly progress: LoadProgress | null }
  | { readonly kind: 'ready'; readonly engine: Engine }
  | { readonly kind: 'failed'; readonly message: string };

const remembered = 20;

/** The chosen model and the engine that runs it. Loading starts with the page, before anyone asks. */
export class EngineState extends Observable {
  models: readonly ListedModel[] = [];
  /** Models that could not be read, in words. */
  problems: readonly string[] = [];
  /** Forelabel's own server does not answer: only models that are kept here can be used. */
  offline = false;
  model: ListedModel | null = null;
  /** What the user wants to run it on; remembered. */
  engineChoice: EngineChoice = recallEngine();
  status: EngineStatus = { kind: 'loading', progress: null };
  /** Of the last 20 images, newest last. */
  timings: readonly Timings[] = [];

  readonly #loadEngine: LoadEngine;
  #abort = new AbortController();
  #ready = new Promise<Engine>(() => undefined);

  constructor(loadEngine: LoadEngine) {
    super();
    this.#loadEngine = loadEngine;
  }

  /** Lists the models and loads the one that was chosen last, else the first, which is the bundled one. */
  async start(): Promise<void> {
    try {
      const { models, problems } = await this.#list(this.#abort.signal);
      const last = recallModel();
      const first = models.find(({ version }) => version === last) ?? models[0];
      if (first === undefined) {
        throw new Error(
          `There is no model. ${problems[0] ?? 'Put a folder with model.json and model.onnx under models/ and reload.'}`,
        );
      }
      this.choose(first);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Lists the models again; after the server was away, this is how it is found to be back. Never rejects. */
  async relist(): Promise<void> {
    try {
      await this.#list(new AbortController().signal);
    } catch {
      // What is known stays; it was said when it was first missed.
    }
    this.changed();
  }

  /** The model of a version, from a list read anew. Throws when the server does not offer it. */
  async find(version: string): Promise<ListedModel> {
    const { models } = await this.#list(new AbortController().signal);
    this.changed();
    const model = models.find((each) => each.version === version);
    if (model === undefined) {
      throw new Error(`The model ${version} is not there any more. Choose another one under Model & labels.`);
    }
    return model;
  }

  /** Loads another model; the one before is let go. */
  choose(model: ListedModel): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const before = this.info === null ? null : this.#ready;
    this.model = model;
    this.timings = [];
    this.#ready = this.#load(model, signal, before);
    this.#ready.catch((error: unknown) => {
      if (!signal.aborted) this.#fail(error);
    });
  }

  /** Runs the model on another engine from now on. Not to be called during a run. */
  chooseEngine(choice: EngineChoice): void {
    rememberEngine(choice);
    this.engineChoice = choice;
    if (this.model === null) this.changed();
    else this.choose(this.model);
  }

  /** The engine, once it is ready. Rejects when it cannot be loaded or another model is chosen meanwhile. */
  ready(): Promise<Engine> {
    return this.#ready;
  }

  get info(): EngineInfo | null {
    return this.status.kind === 'ready' ? this.status.engine.info : null;
  }

  /** Remembers the timings of an image for the pill. */
  note(result: Pick<DetectResult, 'timings'>): void {
    this.timings = [...this.timings, result.timings].slice(-remembered);
    this.changed();
  }

  /** Mean of the last 20 images for each stage; null before the first. */
  get meanTimings(): Timings | null {
    const n = this.timings.length;
    if (n === 0) return null;
    const mean = (stage: keyof Timings): number =>
      this.timings.reduce((sum, each) => sum + (each[stage] ?? 0), 0) / n;
    return {
      decode: mean('decode'),
      preprocess: mean('preprocess'),
      infer: mean('infer'),
      postprocess: mean('postprocess'),
      ...(this.timings.some(({ transfer }) => transfer !== undefined) && { transfer: mean('transfer') }),
      total: mean('total'),
    };
  }

  async #list(signal: AbortSignal): Promise<ModelList> {
    const list = await fetchModels(signal);
    this.models = list.models;
    this.problems = list.problems;
    this.offline = list.offline === true;
    return list;
  }

  async #load(model: ListedModel, signal: AbortSignal, before: Promise<Engine> | null): Promise<Engine> {
    this.#set({ kind: 'loading', progress: null });
    await before?.then((engine) => engine.dispose()).catch(() => undefined);
    signal.throwIfAborted();
    let backend: EngineInfo['backend'] | null = null;
    const engine = await this.#loadEngine(model, {
      choice: this.engineChoice,
      signal,
      onProgress: (progress) => {
        if (!signal.aborted) this.#set({ kind: 'loading', progress });
      },
      onInfo: (info) => {
        if (signal.aborted) return;
        // What was measured on the engine before says nothing about this one.
        if (info.backend !== backend) this.timings = [];
        backend = info.backend;
        this.changed();
      },
    });
    if (signal.aborted) {
      await engine.dispose();
      signal.throwIfAborted();
    }
    backend = engine.info.backend;
    this.#set({ kind: 'ready', engine });
    return engine;
  }

  #fail(error: unknown): void {
    if (isAbort(error)) return;
    this.#set({ kind: 'failed', message: problemOf(error) });
  }

  #set(status: EngineStatus): void {
    this.status = status;
    this.changed();
  }
}
