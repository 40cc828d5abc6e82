import type { Logger } from 'pino';
import { fieldValue } from '../../labelstudio/imageAddress.ts';
import type { EnginePool } from '../engine/enginePool.ts';
import type { CatalogModel } from '../modelCatalog.ts';
import type { ImageResult, ResultStore } from '../results/resultTable.ts';
import type { PredictTask } from './requests.ts';
import type { FetchTaskImage } from './taskImages.ts';
import { WorkQueue, type Wish } from './workQueue.ts';

/** One is inferred and four are fetched and decoded meanwhile. */
const atOnce = 5;
/** What waits is held in memory, and goes on when the asker has its answer. The rest is asked for again. */
const mostWaiting = 20_000;

export interface DetectRequest {
  /** 0: Label Studio did not say. */
  readonly project: number;
  readonly tasks: readonly PredictTask[];
  /** Field of a task that holds its image. */
  readonly field: string;
  readonly model: CatalogModel;
  /** Milliseconds until what is there is taken. */
  readonly budget: number;
  /** The asker has gone: what only it wanted is given up. */
  readonly signal: AbortSignal;
}

export interface DetectTasksOptions {
  readonly results: ResultStore;
  readonly engines: EnginePool;
  readonly fetchImage: FetchTaskImage;
  readonly log: Logger;
  /** Tasks that may wait for their turn; those beyond are missing at once. */
  readonly mostWaiting?: number;
}

/** Detections for tasks: kept ones, else new ones, which are then kept. */
export class TaskDetector {
  readonly #options: DetectTasksOptions;
  readonly #queue = new WorkQueue<ImageResult>(atOnce);
  /** Images that were inferred here since the start. */
  inferred = 0;

  constructor(options: DetectTasksOptions) {
    this.#options = options;
  }

  /** Tasks that wait for their turn or have it. */
  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * By task. What failed is missing, and what was not ready within the budget; the latter goes on behind everything
   * that somebody waits for, and is kept for the next request.
   */
  async detect(request: DetectRequest): Promise<ReadonlyMap<number, ImageResult>> {
    const { project, tasks, field, model, budget, signal } = request;
    const { results, mostWaiting: most = mostWaiting } = this.#options;
    const images = tasks.map((task) => ({ id: task.id, address: addressOf(task, field) }));
    const found = new Map(await results.find(project, model.version, field, images));
    const missing = tasks.filter(({ id }) => !found.has(id)).slice(0, Math.max(0, most - this.#queue.size));
    if (missing.length === 0) return found;
    signal.throwIfAborted();
    // A person waits behind a single task: it opens when we answer.
    const wish: Wish = { urgency: tasks.length === 1 ? 2 : 1 };
    const gone = (): void => this.#queue.withdraw(wish, signal.reason);
    signal.addEventListener('abort', gone, { once: true });
    const work = missing.map((task) =>
      this.#queue
        .want(JSON.stringify([project, task.id, model.version, field]), wish, (inner) =>
          this.#inferOne(request, task, inner),
        )
        .then((result) => void found.set(task.id, result))
        // Said where it happened.
        .catch(() => undefined),
    );
    await within(budget, Promise.all(work));
    signal.removeEventListener('abort', gone);
    signal.throwIfAborted();
    wish.urgency = 0;
    return new Map(found);
  }

  close(): void {
    this.#queue.close(new Error('Forelabel is ending.'));
  }

  async #inferOne(
    { project, field, model }: DetectRequest,
    task: PredictTask,
    signal: AbortSignal,
  ): Promise<ImageResult> {
    const { engines, fetchImage, results, log } = this.#options;
    try {
      const image = fetchImage(task, field, signal);
      const { width, height, detections } = await engines.detect(model, image, signal);
      const result = { width, height, detections };
      this.inferred += 1;
      const address = addressOf(task, field);
      const row = { project, task: task.id, modelVersion: model.version, field, ...plain(result) };
      await results.put([{ ...row, ...(address !== undefined && { address }) }]).catch((error: unknown) => {
        log.warn({ project, task: task.id, ...whyOf(error) }, 'a result could not be kept');
      });
      return result;
    } catch (error) {
      if (!signal.aborted) log.warn({ project, task: task.id, ...whyOf(error) }, 'no prediction for a task');
      throw error;
    }
  }
}

/** Code and words of an error; never the error itself, whose causes may quote an answer. */
export function whyOf(error: unknown): { readonly code: string; readonly why: string } {
  if (!(error instanceof Error)) return { code: 'unknown', why: 'unknown' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return { code, why: error.message };
}

/** What tells one image of a task from another. */
function addressOf(task: PredictTask, field: string): string | undefined {
  const value = fieldValue(task.data, field);
  return typeof value === 'string' ? value : undefined;
}

function plain({ width, height, detections }: ImageResult) {
  return {
    width,
    height,
    detections: detections.map(({ x1, y1, x2, y2, score, label }) => ({ x1, y1, x2, y2, score, label })),
  };
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, over]);
  clearTimeout(timer);
}
