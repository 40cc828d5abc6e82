import type { ShrinkAnswer, ShrinkRequest } from '../worker/shrinkMessages.ts';

/** Even a photo of a hundred megapixels takes less; a worker that was killed answers nothing at all. */
const PATIENCE_MS = 60_000;

const FAILED = 'No small picture of this image could be made. Open it to see it whole.';

interface Pending {
  readonly resolve: (small: Blob) => void;
  readonly reject: (reason: Error) => void;
}

/** Small pictures, made in a worker of its own, which is started with the first and again after it has died. */
export class Shrinker {
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | null = null;
  #last = 0;

  /** An upright copy of at most `longSide` pixels. Rejects with an error whose message is for people. */
  shrink(image: Blob, longSide: number): Promise<Blob> {
    const id = ++this.#last;
    const worker = (this.#worker ??= this.#start());
    return new Promise<Blob>((resolve, reject) => {
      const late = setTimeout(() => this.#end(worker), PATIENCE_MS);
      const done = (): void => {
        clearTimeout(late);
        this.#pending.delete(id);
      };
      this.#pending.set(id, {
        resolve: (small) => {
          done();
          resolve(small);
        },
        reject: (reason) => {
          done();
          reject(reason);
        },
      });
      const request: ShrinkRequest = { id, image, longSide };
      worker.postMessage(request);
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('../worker/shrinkWorker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data }: MessageEvent<ShrinkAnswer>) => {
      const pending = this.#pending.get(data.id);
      if (data.small === null) pending?.reject(new Error(data.problem));
      else pending?.resolve(data.small);
    });
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.#end(worker);
    });
    return worker;
  }

  #end(worker: Worker): void {
    worker.terminate();
    if (this.#worker !== worker) return;
    this.#worker = null;
    for (const { reject } of [...this.#pending.values()]) reject(new Error(FAILED));
  }
}
