import { modelVersion } from '../../detector/manifest.ts';
import type { Manifest } from '../../detector/manifest.ts';
import { EngineError, isMachineFailure } from '../errors.ts';
import type { EngineInfo } from '../types.ts';
import { chooseSession, gistOf, openWarm } from './chooseSession.ts';
import type { GpuChoice } from './chooseSession.ts';
import type { NativeProvider, OpenedSession, OpenSession } from './nativeSession.ts';

export interface SessionSettings {
  readonly manifest: Manifest;
  readonly open: OpenSession;
  readonly gpu: GpuChoice;
  /** False where the machine is known to have no GPU. */
  readonly gpuThere: boolean;
  /** Called when the CPU has taken over from the GPU. */
  readonly onInfo: (info: EngineInfo) => void;
}

/**
 * There is always a session for the next image: one that failed on the GPU, or whose thread died, is opened anew, and where
 * that one fails on the GPU too, the CPU takes over and stays.
 */
export class SessionKeeper {
  readonly #settings: SessionSettings;
  /** Undefined between one that failed and the next. */
  #session: OpenedSession | undefined;
  #provider: NativeProvider;
  #info: EngineInfo;

  private constructor(settings: SessionSettings, session: OpenedSession, info: EngineInfo) {
    this.#settings = settings;
    this.#session = session;
    this.#provider = session.provider;
    this.#info = info;
  }

  /** Throws what `settings.open` throws. */
  static async begin(settings: SessionSettings): Promise<SessionKeeper> {
    const { manifest, open, gpu, gpuThere } = settings;
    const start = performance.now();
    const { session, why } = await chooseSession(open, manifest, gpu, gpuThere);
    return new SessionKeeper(settings, session, {
      backend: 'native',
      device: deviceOf(session.provider),
      why,
      warmUpMs: performance.now() - start,
      modelVersion: modelVersion(manifest),
    });
  }

  /** Changes when the CPU takes over. */
  get info(): EngineInfo {
    return this.#info;
  }

  /**
   * Gives the session to `work`; after a failure of the machinery on the GPU, or the death of a thread, once more, the
   * session opened anew; then, after the GPU, the one on the CPU. One call at a time.
   *
   * Throws what `work` throws, the reason of `signal` between two attempts, or 'device-lost' where no session can be opened;
   * the next call tries to open one.
   */
  async use<T>(work: (session: OpenedSession) => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let fresh = this.#session === undefined; ; fresh = true) {
      try {
        this.#session ??= await this.#open();
        signal.throwIfAborted();
        return await work(this.#session);
      } catch (error) {
        // What fails on the CPU fails again, unless its thread has died.
        const isCpu = this.#provider === 'cpu';
        if (!isMachineFailure(error) || (isCpu && error.code !== 'worker-crashed')) throw error;
        await this.#letGo();
        signal.throwIfAborted();
        if (!fresh) continue;
        // There is nothing else, or nothing else was asked for; the next image tries it again.
        if (isCpu || this.#settings.gpu === true) throw error;
        this.#giveUpGpu(error);
      }
    }
  }

  /** Not while the session is used. */
  async end(): Promise<void> {
    await this.#session?.release();
    this.#session = undefined;
  }

  async #open(): Promise<OpenedSession> {
    const { open, manifest, onInfo } = this.#settings;
    const provider = this.#provider;
    const start = performance.now();
    let session: OpenedSession;
    try {
      session = await openWarm(open, provider, manifest);
    } catch (error) {
      const where = deviceOf(provider);
      throw new EngineError(
        'device-lost',
        `the model could not be opened on the ${where}: ${gistOf(error)}`,
        {
          cause: error,
        },
      );
    }
    const device = deviceOf(provider);
    if (device !== this.#info.device) {
      this.#info = { ...this.#info, device, warmUpMs: performance.now() - start };
      onInfo(this.#info);
    }
    return session;
  }

  /**
   * Before another is opened: sessions of one process share a device, and ONNX Runtime asks for a new one only when the last
   * session has left the lost one.
   */
  async #letGo(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    // What is broken may be unable to say goodbye, and is gone all the same.
    await session?.release().catch(() => undefined);
  }

  #giveUpGpu(reason: EngineError): void {
    this.#provider = 'cpu';
    this.#info = {
      ...this.#info,
      why: `The GPU is not used: it failed, and again when it was opened anew (${gistOf(reason)}).`,
    };
  }
}

function deviceOf(provider: NativeProvider): string {
  return provider === 'cpu' ? 'CPU' : 'GPU';
}
