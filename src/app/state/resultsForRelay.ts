import type { ItemResult } from '../../store/types.ts';
import type { StoredResult } from '../../training/api.ts';

const batch = 100;
/** Milliseconds after which an unfilled batch is sent. */
const patience = 3000;

/**
 * Gives a run's results to the relay, so that Label Studio's own buttons need not run the model again for them.
 * For convenience only: what cannot be given is predicted anew when Label Studio asks.
 */
export class ResultsForRelay {
  readonly #give: (results: readonly StoredResult[]) => Promise<void>;
  #waiting: StoredResult[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(give: (results: readonly StoredResult[]) => Promise<void>) {
    this.#give = give;
  }

  /** @param field the task's field that holds the image */
  add(project: number, field: string, result: ItemResult): void {
    const { taskId: task, modelVersion, width, height, detections, state } = result;
    if (task === null || state !== 'done') return;
    const plain = detections.map(({ x1, y1, x2, y2, score, label }) => ({ x1, y1, x2, y2, score, label }));
    this.#waiting.push({ project, task, field, modelVersion, width, height, detections: plain });
    if (this.#waiting.length >= batch) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), patience);
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const results = this.#waiting;
    this.#waiting = [];
    void this.#give(results).catch(() => undefined);
  }
}
