import { EngineError, isMachineFailure } from '../errors.ts';
import { Pipeline } from '../pipeline.ts';
import type { DetectResult, Engine, EngineInfo } from '../types.ts';
import type { BackendChain, OpenBackend } from './backendChain.ts';
import { timedDecode } from '../timedDecode.ts';
import { decodeBitmap } from './decodeBitmap.ts';
import { inSeconds, watched } from './watchdog.ts';
import { WorkerKeeper, type KeeperSettings, type KeptWorker } from './workerKeeper.ts';

interface Decoded {
  readonly bitmap: ImageBitmap;
  readonly decodeMs: number;
}

/**
 * The page's engine: decodes ahead, infers in a worker, one image at a time.
 *
 * When the machinery fails under an image (device lost, worker dead or hung, memory), the worker is started
 * anew and the image tried again; failing again, it is tried on the next backend, which then stays. Nothing
 * of this touches other images.
 *
 * Abort: the caller is told at once. An inference under way cannot be called back, so its result is
 * dropped; only one that takes more than twice as long as the last (and more than a second) is taken for
 * hung, and its worker is ended. The next image starts a new one. Ending a healthy worker would cost more
 * than waiting: loading, compiling and warming up take seconds, an inference mostly less.
 */
export class WorkerEngine implements Engine {
  readonly #chain: BackendChain;
  readonly #keeper: WorkerKeeper;
  readonly #pipeline: Pipeline<Decoded, DetectResult>;
  readonly #disposal = new AbortController();

  constructor(settings: Omit<KeeperSettings, 'signal'>, open: OpenBackend) {
    this.#chain = settings.chain;
    this.#keeper = new WorkerKeeper({ ...settings, signal: this.#disposal.signal }, open);
    this.#pipeline = new Pipeline({
      prepare: (image, turn) => decode(image, turn),
      infer: (decoded, image, signal) => this.#infer(decoded, image, signal),
      discard: ({ bitmap }) => bitmap.close(),
    });
  }

  /** Changes when another backend takes over. */
  get info(): EngineInfo {
    return this.#keeper.info;
  }

  async detect(image: Blob, { signal }: { readonly signal?: AbortSignal } = {}): Promise<DetectResult> {
    this.#disposal.signal.throwIfAborted();
    const signals = signal === undefined ? [this.#disposal.signal] : [signal, this.#disposal.signal];
    return this.#pipeline.run(image, AbortSignal.any(signals));
  }

  /** Images under way reject with `EngineError` 'disposed'. */
  async dispose(): Promise<void> {
    this.#disposal.abort(new EngineError('disposed'));
    this.#keeper.end(new EngineError('disposed'));
    await this.#pipeline.idle();
  }

  async #infer(first: Decoded, image: Blob, signal: AbortSignal): Promise<DetectResult> {
    try {
      return await this.#attempt(first, signal);
    } catch (error) {
      mayBeTriedAgain(error, signal);
    }
    try {
      return await this.#attempt(await decode(image), signal);
    } catch (error) {
      if (!this.#chain.skip(mayBeTriedAgain(error, signal))) throw error;
    }
    return this.#attempt(await decode(image), signal);
  }

  async #attempt({ bitmap, decodeMs }: Decoded, signal: AbortSignal): Promise<DetectResult> {
    try {
      const worker = await this.#keeper.take();
      let result: DetectResult | undefined;
      try {
        signal.throwIfAborted();
        result = await this.#answer(worker, bitmap, signal);
      } catch (error) {
        // Whatever broke in it, the next image gets another one.
        if (isMachineFailure(error)) worker.host.end(error);
        throw error;
      } finally {
        this.#keeper.release(worker, result !== undefined);
      }
      const { timings } = result;
      return { ...result, timings: { ...timings, decode: decodeMs, total: decodeMs + timings.total } };
    } finally {
      // Without effect where the worker has taken it.
      bitmap.close();
    }
  }

  /** A worker that does not come back is ended: late where somebody waits, soon where nobody does any more. */
  async #answer(
    { host, watchdog }: KeptWorker,
    bitmap: ImageBitmap,
    signal: AbortSignal,
  ): Promise<DetectResult> {
    const { limitMs } = watchdog;
    const hung = (): void => host.end(new EngineError('no-answer', inSeconds(limitMs)));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onAbort = (): void => {
      timer = setTimeout(hung, watchdog.graceMs);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const start = performance.now();
      const result = await watched(limitMs, host.detect(bitmap), hung);
      watchdog.note(performance.now() - start);
      return result;
    } finally {
      signal.removeEventListener('abort', onAbort);
      clearTimeout(timer);
    }
  }
}

/** Only after a failure of the machinery, and while somebody waits. */
function mayBeTriedAgain(error: unknown, signal: AbortSignal): EngineError {
  signal.throwIfAborted();
  if (!isMachineFailure(error)) throw error;
  return error;
}

async function decode(image: Blob, turn?: Promise<void>): Promise<Decoded> {
  const [bitmap, decodeMs] = await timedDecode((atItsTurn) => decodeBitmap(image, atItsTurn), turn);
  return { bitmap, decodeMs };
}
