import { proxy, releaseProxy, transfer, wrap } from 'comlink';
import type { Remote } from 'comlink';
import { EngineError } from '../errors.ts';
import { registerErrorTransfer } from '../errorTransfer.ts';
import type { DetectResult } from '../types.ts';
import type { EngineWorker, LoadReport, LoadRequest, LoadStage } from '../workerProtocol.ts';

registerErrorTransfer();

/** So long an ended worker is waited for. */
const GONE_MS = 5000;

/**
 * One worker and its life. Every call ends: with the worker's answer, or with the worker, whichever comes
 * first. comlink alone would wait for ever for a worker that died.
 */
export class WorkerHost {
  readonly #worker: Worker;
  readonly #remote: Remote<EngineWorker>;
  /** Rejections of the calls under way. */
  readonly #calls = new Set<(reason: EngineError) => void>();
  #death: EngineError | undefined;
  #lifeIsWatched = false;
  #declareGone: () => void = () => undefined;
  readonly #gone = new Promise<void>((resolve) => {
    this.#declareGone = resolve;
  });

  constructor(worker: Worker) {
    this.#worker = worker;
    this.#remote = wrap<EngineWorker>(worker);
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.end(new EngineError('worker-crashed', event.message));
    });
    worker.addEventListener('messageerror', () => this.end(new EngineError('worker-crashed')));
  }

  get alive(): boolean {
    return this.#death === undefined;
  }

  /** Throws `EngineError`: what the backend said, or 'worker-crashed'. */
  async load(request: LoadRequest, onStage: (stage: LoadStage) => void): Promise<LoadReport> {
    await this.#watchLife();
    const { buffer } = request.model;
    return this.#call(() => this.#remote.load(transfer(request, [buffer as ArrayBuffer]), proxy(onStage)));
  }

  /** @param image is transferred. */
  detect(image: ImageBitmap): Promise<DetectResult> {
    return this.#call(() => this.#remote.detect(transfer(image, [image])));
  }

  /** Bytes of its WebAssembly memory. */
  heapBytes(): Promise<number> {
    return this.#call(() => this.#remote.heapBytes());
  }

  /** Ends the worker; calls under way, and later ones, reject with `reason`. */
  end(reason: EngineError): void {
    if (this.#death !== undefined) return;
    this.#death = reason;
    if (!this.#lifeIsWatched) this.#declareGone();
    this.#remote[releaseProxy]();
    this.#worker.terminate();
    for (const reject of this.#calls) reject(reason);
    this.#calls.clear();
  }

  /**
   * Waits until the browser has really taken the ended worker away, which takes seconds where it computes: the next one
   * needs its memory, and no two are to infer at once. Not for longer than 5 s, and not at all where nobody can tell.
   */
  async untilGone(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) return;
    await new Promise<void>((resolve) => {
      const over = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', over);
        resolve();
      };
      const timer = setTimeout(over, GONE_MS);
      signal?.addEventListener('abort', over, { once: true });
      void this.#gone.then(over);
    });
  }

  /**
   * A worker killed by the browser (memory, a crash) fires no event. But it held a lock, and the lock
   * comes to us when it is gone. Needs a secure page; elsewhere only thrown errors are noticed.
   */
  async #watchLife(): Promise<void> {
    const locks = navigator.locks as LockManager | undefined;
    if (locks === undefined) return;
    const name = `forelabel-engine-${crypto.randomUUID()}`;
    // A browser that keeps an iframe of another site from storing anything keeps it from locks too.
    if (!(await mayLock(locks, name))) return;
    await this.#call(() => this.#remote.holdLifeLock(name));
    this.#lifeIsWatched = true;
    const gone = (): void => {
      this.end(new EngineError('worker-crashed'));
      this.#declareGone();
    };
    locks.request(name, gone).catch(gone);
  }

  #call<T>(send: () => Promise<T>): Promise<T> {
    if (this.#death !== undefined) return Promise.reject(this.#death);
    return new Promise<T>((resolve, reject) => {
      this.#calls.add(reject);
      send()
        .then(resolve, reject)
        .finally(() => this.#calls.delete(reject));
    });
  }
}

async function mayLock(locks: LockManager, name: string): Promise<boolean> {
  try {
    return await locks.request(name, () => true);
  } catch {
    return false;
  }
}
