import { EngineError, isMachineFailure } from '../errors.ts';
import { Pipeline } from '../pipeline.ts';
import type { DetectResult, Engine, EngineInfo } from '../types.ts';
import type { BackendChain, OpenBackend } from './backendChain.ts';
import { decodeBitmap } from './decodeBitmap.ts';
import type { WorkerHost } from './workerHost.ts';

interface Decoded {
  readonly bitmap: ImageBitmap;
  readonly decodeMs: number;
}

/** An aborted inference gets at least this long to end by itself before its worker is ended. */
const MIN_GRACE_MS = 1000;

/**
 * The page's engine: decodes ahead, infers in a worker, one image at a time.
 *
 * When the machinery fails under an image (device lost, worker dead, memory), the worker is started anew
 * and the image tried again; failing again, it is tried on the next backend, which then stays. Nothing of
 * this touches other images.
 *
 * Abort: the caller is told at once. An inference under way cannot be called back, so its result is
 * dropped; only one that takes more than twice as long as the last (and more than a second) is taken for
 * hung, and its worker is ended. The next image starts a new one. Ending a healthy worker would cost more
 * than waiting: loading, compiling and warming up take seconds, an inference mostly less.
 */
export class WorkerEngine implements Engine {
  readonly #chain: BackendChain;
  readonly #onInfo: (info: EngineInfo) => void;
  readonly #pipeline: Pipeline<Decoded, DetectResult>;
  readonly #disposal = new AbortController();
  #open: OpenBackend;
  #lastMs = 0;

  /** @param onInfo is called when another backend takes over. */
  constructor(chain: BackendChain, open: OpenBackend, onInfo: (info: EngineInfo) => void) {
    this.#chain = chain;
    this.#open = open;
    this.#onInfo = onInfo;
    this.#pipeline = new Pipeline({
      prepare: decode,
      infer: (decoded, image, signal) => this.#infer(decoded, image, signal),
      discard: ({ bitmap }) => bitmap.close(),
    });
  }

  /** Changes when another backend takes over. */
  get info(): EngineInfo {
    return this.#open.info;
  }

  async detect(image: Blob, { signal }: { readonly signal?: AbortSignal } = {}): Promise<DetectResult> {
    this.#disposal.signal.throwIfAborted();
    const signals = signal === undefined ? [this.#disposal.signal] : [signal, this.#disposal.signal];
    return this.#pipeline.run(image, AbortSignal.any(signals));
  }

  /** Images under way reject with `EngineError` 'disposed'. */
  async dispose(): Promise<void> {
    this.#disposal.abort(new EngineError('disposed'));
    this.#open.host.end(new EngineError('disposed'));
    await this.#pipeline.idle();
  }

  async #infer(first: Decoded, image: Blob, signal: AbortSignal): Promise<DetectResult> {
    try {
      return await this.#attempt(first, signal);
    } catch (error) {
      this.#giveUpHost(error, signal);
    }
    try {
      return await this.#attempt(await decode(image), signal);
    } catch (error) {
      this.#giveUpHost(error, signal);
      if (!this.#chain.skip(error as EngineError)) throw error;
    }
    return this.#attempt(await decode(image), signal);
  }

  /** Ends the worker after a failure of the machinery; throws on any other, or when nobody waits any more. */
  #giveUpHost(error: unknown, signal: AbortSignal): void {
    signal.throwIfAborted();
    if (!isMachineFailure(error)) throw error;
    this.#open.host.end(error);
  }

  async #attempt({ bitmap, decodeMs }: Decoded, signal: AbortSignal): Promise<DetectResult> {
    try {
      const host = await this.#livingHost();
      signal.throwIfAborted();
      const result = await this.#whileWanted(host, () => host.detect(bitmap), signal);
      const { timings } = result;
      this.#lastMs = timings.total;
      return { ...result, timings: { ...timings, decode: decodeMs, total: decodeMs + timings.total } };
    } finally {
      // Without effect where the worker has taken it.
      bitmap.close();
    }
  }

  async #livingHost(): Promise<WorkerHost> {
    if (this.#open.host.alive) return this.#open.host;
    const before = this.#open.info.backend;
    this.#open = await this.#chain.open(this.#disposal.signal);
    if (this.#open.info.backend !== before) this.#onInfo(this.#open.info);
    return this.#open.host;
  }

  /** Waits for the answer; when nobody does any more, a worker that does not come back is ended. */
  async #whileWanted<T>(host: WorkerHost, call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onAbort = (): void => {
      const hung = (): void => host.end(new EngineError('worker-crashed', 'it did not answer'));
      timer = setTimeout(hung, Math.max(MIN_GRACE_MS, 2 * this.#lastMs));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await call();
    } finally {
      signal.removeEventListener('abort', onAbort);
      clearTimeout(timer);
    }
  }
}

async function decode(image: Blob): Promise<Decoded> {
  const start = performance.now();
  const bitmap = await decodeBitmap(image);
  return { bitmap, decodeMs: performance.now() - start };
}
