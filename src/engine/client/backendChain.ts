import { modelVersion } from '../../detector/manifest.ts';
import type { Manifest } from '../../detector/manifest.ts';
import { asEngineError, EngineError } from '../errors.ts';
import type { EngineErrorCode } from '../errors.ts';
import { findGpuAdapter } from '../gpuAdapter.ts';
import type { EngineInfo } from '../types.ts';
import type { LoadStage, WorkerBackendName } from '../workerProtocol.ts';
import { isWebKit } from './browserQuirks.ts';
import { inSeconds, watched } from './watchdog.ts';
import { WorkerHost } from './workerHost.ts';

/** What is wrong with the model is wrong on every backend. */
const NOT_THE_BACKENDS_FAULT: ReadonlySet<EngineErrorCode> = new Set([
  'model-download',
  'model-hash',
  'model-invalid',
  'disposed',
]);

export interface ChainSettings {
  readonly manifest: Manifest;
  /** Fastest first, at least one. */
  readonly backends: readonly WorkerBackendName[];
  readonly allowSoftwareGpu: boolean;
  readonly threads: number | null;
  /** Gives a fresh copy at every call: the worker takes it away. */
  readonly loadModel: (signal: AbortSignal | undefined) => Promise<Uint8Array<ArrayBuffer>>;
  readonly spawn: () => Worker;
  /** Milliseconds after which a backend that loads is taken for hung. */
  readonly loadMs: number;
  readonly onStage: (stage: LoadStage, backend: WorkerBackendName) => void;
}

export interface OpenBackend {
  readonly host: WorkerHost;
  readonly info: EngineInfo;
}

/** The backends in order of preference; what failed is not tried again, and the reasons are kept. */
export class BackendChain {
  readonly #settings: ChainSettings;
  readonly #left: WorkerBackendName[];
  readonly #reasons: string[] = [];

  constructor(settings: ChainSettings) {
    this.#settings = settings;
    this.#left = [...settings.backends];
  }

  /**
   * Starts the first backend that passes its self-test. Throws the last backend's `EngineError` when none
   * does, and at once what is the model's fault.
   */
  async open(signal?: AbortSignal): Promise<OpenBackend> {
    for (;;) {
      const backend = this.#left[0];
      if (backend === undefined) throw new EngineError('backend-unavailable', this.#reasons.join(' '));
      try {
        return await this.#start(backend, signal);
      } catch (error) {
        signal?.throwIfAborted();
        const failure = asEngineError(error, 'worker-crashed');
        if (NOT_THE_BACKENDS_FAULT.has(failure.code) || !this.skip(failure)) throw failure;
      }
    }
  }

  /** The one that works, as far as is known; undefined before none. */
  get backend(): WorkerBackendName | undefined {
    return this.#left[0];
  }

  /** Starts the current backend beside the one that runs. Throws `EngineError`, and then nothing has changed. */
  openAgain(signal: AbortSignal): Promise<OpenBackend> {
    const [backend] = this.#left;
    if (backend === undefined) return Promise.reject(new EngineError('backend-unavailable'));
    return this.#start(backend, signal);
  }

  /** Gives the current backend up for good. False, and nothing changed, when it is the last one. */
  skip(reason: EngineError): boolean {
    const backend = this.#left[0];
    if (backend === undefined || this.#left.length === 1) return false;
    this.#left.shift();
    const said = reason.code === 'backend-unavailable' ? (reason.detail ?? reason.what) : reason.what;
    this.#reasons.push(`${title(backend)} is not used: ${decapitalise(said)}.`);
    return true;
  }

  async #start(backend: WorkerBackendName, signal: AbortSignal | undefined): Promise<OpenBackend> {
    const { manifest, allowSoftwareGpu, threads, loadModel, spawn, onStage, loadMs } = this.#settings;
    if (backend === 'webgpu' && isWebKit()) {
      throw new EngineError(
        'backend-unavailable',
        'WebGPU in Safari and on iOS runs out of memory in long runs',
      );
    }
    // Without a GPU, no model is downloaded for it.
    if (backend === 'webgpu') await findGpuAdapter(allowSoftwareGpu);
    const model = await loadModel(signal);
    signal?.throwIfAborted();
    const host = new WorkerHost(spawn());
    const onAbort = (): void => host.end(new EngineError('disposed'));
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const request = { backend, manifest, model, allowSoftwareGpu, threads };
      const load = host.load(request, (stage) => onStage(stage, backend));
      const hung = (): void =>
        host.end(new EngineError('no-answer', `${inSeconds(loadMs)}, while it started`));
      const { device, warmUpMs } = await watched(loadMs, load, hung);
      const why = this.#why(backend);
      return { host, info: { backend, device, why, warmUpMs, modelVersion: modelVersion(manifest) } };
    } catch (error) {
      host.end(new EngineError('disposed'));
      await host.untilGone(signal);
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  #why(backend: WorkerBackendName): string {
    if (this.#reasons.length > 0) return this.#reasons.join(' ');
    if (this.#settings.backends.length === 1) return `${title(backend)} was asked for.`;
    return `${title(backend)} passed its self-test, and nothing faster is offered here.`;
  }
}

function title(backend: WorkerBackendName): string {
  return backend === 'webgpu' ? 'WebGPU' : 'The CPU (wasm)';
}

function decapitalise(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
