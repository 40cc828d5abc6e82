import type { EngineChoice } from '../../engine/client/engineChoice.ts';
import { recallEngine, rememberEngine } from '../../engine/client/lastEngine.ts';
import type { ListedModel, ModelList } from '../../engine/client/modelList.ts';
import type { DetectResult, Engine, EngineInfo } from '../../engine/types.ts';
import { Observable } from '../../ui/observable.ts';
import { isAbort, problemOf } from '../../ui/problem.ts';

/** Starts the detector for a model; a stand-in in tests. */
export type LoadEngine = (
  model: ListedModel,
  options: {
    readonly choice: EngineChoice;
    readonly signal: AbortSignal;
    /** 0..1 */
    readonly onDownload: (part: number) => void;
    /** Another engine has taken over, or more is known of one that is not used. */
    readonly onInfo: (info: EngineInfo) => void;
  },
) => Promise<Engine>;

export type PanelEngineStatus =
  | { readonly kind: 'loading'; /** 0..1, null before the download */ readonly part: number | null }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string };

/** The model that the panel uses, and the engine that runs it. */
export class PanelEngine extends Observable {
  models: readonly ListedModel[] = [];
  model: ListedModel | null = null;
  /** What the user wants to run it on; remembered, as in the app where browsers let the two share their storage. */
  engineChoice: EngineChoice = recallEngine();
  info: EngineInfo | null = null;
  status: PanelEngineStatus = { kind: 'loading', part: null };

  readonly #list: (signal: AbortSignal) => Promise<ModelList>;
  readonly #load: LoadEngine;
  #abort = new AbortController();
  #engine = new Promise<Engine>(() => undefined);

  constructor(list: (signal: AbortSignal) => Promise<ModelList>, load: LoadEngine) {
    super();
    this.#list = list;
    this.#load = load;
  }

  /** Lists the models and loads the one of `version`, else the first, which is the bundled one. */
  async start(version: string | null): Promise<void> {
    this.#set({ kind: 'loading', part: null });
    try {
      const { models, problems } = await this.#list(this.#abort.signal);
      this.models = models;
      const model = models.find((each) => each.version === version) ?? models[0];
      if (model === undefined) {
        throw new Error(
          `There is no model. ${problems[0] ?? 'Put a folder with model.json and model.onnx under models/ and try again.'}`,
        );
      }
      this.choose(model);
    } catch (error) {
      if (!isAbort(error)) this.#set({ kind: 'failed', message: problemOf(error) });
    }
  }

  /** Loads another model; the one before is let go. */
  choose(model: ListedModel): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const before = this.#engine;
    const hadOne = this.info !== null;
    this.model = model;
    this.info = null;
    this.#set({ kind: 'loading', part: null });
    this.#engine = this.#open(model, signal, hadOne ? before : null);
    this.#engine.catch((error: unknown) => {
      if (!signal.aborted) this.#set({ kind: 'failed', message: problemOf(error) });
    });
  }

  /** Runs the model on another engine from now on. */
  chooseEngine(choice: EngineChoice): void {
    rememberEngine(choice);
    this.engineChoice = choice;
    if (this.model === null) this.changed();
    else this.choose(this.model);
  }

  /** Resolves when the chosen model can be used. Rejects when it cannot be loaded. */
  async ready(): Promise<void> {
    while (this.status.kind === 'loading') {
      await new Promise<void>((resolve) => {
        const stop = this.subscribe(() => {
          stop();
          resolve();
        });
      });
    }
    if (this.status.kind === 'failed') throw new Error(this.status.message);
  }

  /** Boxes of an image, by the model that is chosen now. Waits for it to load. */
  async detect(
    image: Blob,
    signal: AbortSignal,
  ): Promise<DetectResult & { readonly backend: EngineInfo['backend'] }> {
    await until(this.ready(), signal);
    const engine = await this.#engine;
    const found = await engine.detect(image, { signal });
    return { ...found, backend: engine.info.backend };
  }

  async #open(model: ListedModel, signal: AbortSignal, before: Promise<Engine> | null): Promise<Engine> {
    await before?.then((engine) => engine.dispose()).catch(() => undefined);
    signal.throwIfAborted();
    const engine = await this.#load(model, {
      choice: this.engineChoice,
      signal,
      onDownload: (part) => {
        if (!signal.aborted) this.#set({ kind: 'loading', part });
      },
      onInfo: (info) => {
        if (signal.aborted) return;
        this.info = info;
        this.changed();
      },
    });
    if (signal.aborted) {
      await engine.dispose();
      signal.throwIfAborted();
    }
    this.info = engine.info;
    this.#set({ kind: 'ready' });
    return engine;
  }

  #set(status: PanelEngineStatus): void {
    this.status = status;
    this.changed();
  }
}

/** A promise, or the reason of the signal, whichever is first. */
async function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
