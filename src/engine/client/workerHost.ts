import { proxy, releaseProxy, transfer, wrap } from 'comlink';
import type { Remote } from 'comlink';
import { EngineError } from '../errors.ts';
import { registerErrorTransfer } from '../errorTransfer.ts';
import type { DetectResult } from '../types.ts';
import type { EngineWorker, LoadReport, LoadRequest, LoadStage } from '../workerProtocol.ts';

registerErrorTransfer();

/**
 * One worker and its life. Every call ends: with the worker's answer, or with the worker, whichever comes
 * first. comlink alone would wait for ever for a worker that died.
 */
export class WorkerHost {
  readonly #worker: Worker;
  readonly #remote: Remote<EngineWorker>;
  /** Rejections of the calls under way. */
  readonly #calls = new Set<(reason: EngineError) => void>();
  readonly #watch = new AbortController();
  #death: EngineError | undefined;

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

  /** Ends the worker; calls under way, and later ones, reject with `reason`. */
  end(reason: EngineError): void {
    if (this.#death !== undefined) return;
    this.#death = reason;
    this.#watch.abort();
    this.#remote[releaseProxy]();
    this.#worker.terminate();
    for (const reject of this.#calls) reject(reason);
    this.#calls.clear();
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
    locks
      .request(name, { signal: this.#watch.signal }, () => this.end(new EngineError('worker-crashed')))
      // Rejects when the watch is called off, which is how it ordinarily ends.
      .catch(() => undefined);
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
