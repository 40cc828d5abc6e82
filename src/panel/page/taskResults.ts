import type { DetectResult, EngineInfo } from '../../engine/types.ts';
import type { ItemResult, ResultStore } from '../../store/types.ts';
import { labelStudioSourceId } from '../../prelabel/labelStudioSource.ts';

/** One image of a task: what results are kept under. */
export interface TaskImage {
  /** Address of the Label Studio, as `normalizeAddress` gives it. */
  readonly url: string;
  readonly project: number;
  readonly task: number;
  readonly modelVersion: string;
  /** Key in the task's data, where a task has several images; else null, as the app's runs keep theirs. */
  readonly field: string | null;
}

export interface TaskResultsOptions {
  /** Rejects where the browser keeps nothing: then results live as long as the page. */
  readonly store: () => Promise<ResultStore>;
  readonly detect: (
    image: Blob,
    signal: AbortSignal,
  ) => Promise<DetectResult & { readonly backend: EngineInfo['backend'] }>;
}

/** What the run needs of a result, whether it was made now or kept. */
export type KeptResult = Pick<ItemResult, 'width' | 'height' | 'detections'> & {
  /** From encoded bytes to boxes, in milliseconds; null for one that was kept. */
  readonly ms: number | null;
};

interface UnderWay {
  readonly task: number;
  readonly abort: AbortController;
  readonly result: Promise<KeptResult>;
}

/** How many results are held besides those in IndexedDB. */
const mostHeld = 50;

/** Boxes of task images, found at most once: kept as the app's runs keep theirs, and shared while they are under way. */
export class TaskResults {
  readonly #options: TaskResultsOptions;
  readonly #held = new Map<string, KeptResult>();
  readonly #underWay = new Map<string, UnderWay>();

  constructor(options: TaskResultsOptions) {
    this.#options = options;
  }

  /** Rejects with what `load` or the detector rejects with, or with an AbortError once the task is not wanted. */
  get(image: TaskImage, load: (signal: AbortSignal) => Promise<Blob>): Promise<KeptResult> {
    const name = nameOf(image);
    const known = this.#underWay.get(name);
    if (known !== undefined) return known.result;
    const abort = new AbortController();
    const result = this.#find(image, load, abort.signal).finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, { task: image.task, abort, result });
    return result;
  }

  /** Gives up what is under way for other tasks: the detector is for those that are looked at. */
  want(tasks: ReadonlySet<number>): void {
    for (const [name, { task, abort }] of this.#underWay) {
      if (tasks.has(task)) continue;
      this.#underWay.delete(name);
      abort.abort();
    }
  }

  async #find(
    image: TaskImage,
    load: (signal: AbortSignal) => Promise<Blob>,
    signal: AbortSignal,
  ): Promise<KeptResult> {
    const kept = await this.#recall(image);
    if (kept !== null) return kept;
    signal.throwIfAborted();
    const bytes = await load(signal);
    const found = await this.#options.detect(bytes, signal);
    await this.#keep(image, found);
    return { ...pick(found), ms: found.timings.total };
  }

  async #recall(image: TaskImage): Promise<KeptResult | null> {
    const held = this.#held.get(nameOf(image));
    if (held !== undefined) return held;
    const { url, project, modelVersion } = image;
    try {
      const store = await this.#options.store();
      const row = await store.get(labelStudioSourceId(url, project), keyOf(image), modelVersion);
      return row?.state === 'done' ? { ...pick(row), ms: null } : null;
    } catch {
      // Nothing kept: it is found once more.
      return null;
    }
  }

  async #keep(image: TaskImage, found: DetectResult & { backend: EngineInfo['backend'] }): Promise<void> {
    const [oldest] = this.#held.keys();
    if (this.#held.size >= mostHeld && oldest !== undefined) this.#held.delete(oldest);
    this.#held.set(nameOf(image), { ...pick(found), ms: null });
    const { url, project, task, modelVersion } = image;
    try {
      const store = await this.#options.store();
      await store.put(
        {
          sourceId: labelStudioSourceId(url, project),
          key: keyOf(image),
          name: `Task ${task}`,
          taskId: task,
          modelVersion,
          state: 'done',
          ...pick(found),
          timings: found.timings,
          backend: found.backend,
          error: null,
          at: Date.now(),
        },
        // What the panel finds goes into the annotation, or is posted from Label Studio's page.
        { queueForPosting: false },
      );
    } catch {
      // A full disk costs the memory of this box, not the box.
    }
  }
}

const keyOf = ({ task, field }: TaskImage): string =>
  field === null ? `task:${task}` : `task:${task} ${field}`;

const nameOf = (image: TaskImage): string =>
  [image.url, image.project, image.modelVersion, keyOf(image)].join(' ');

const pick = ({ width, height, detections }: Pick<DetectResult, 'width' | 'height' | 'detections'>) => ({
  width,
  height,
  detections,
});
