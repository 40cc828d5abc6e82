import { primaryFile } from '../../detector/manifest.ts';
import type { Manifest } from '../../detector/manifest.ts';
import type { Engine, EngineInfo } from '../types.ts';
import type { LoadStage, WorkerBackendName } from '../workerProtocol.ts';
import { BackendChain } from './backendChain.ts';
import { assertModelFile, fetchModel } from './modelCache.ts';
import type { DownloadProgress } from './modelCache.ts';
import { usualLimits, type WatchdogLimits } from './watchdog.ts';
import { WorkerEngine } from './workerEngine.ts';
import { usualWear, type WearLimits } from './workerWear.ts';

export type EngineProgress =
  | ({ readonly phase: 'download' } & DownloadProgress)
  | { readonly phase: LoadStage; readonly backend: WorkerBackendName };

export interface WorkerEngineOptions {
  readonly manifest: Manifest;
  /** Address of the ONNX file (kept in the Cache API), or a function that gives its bytes at every call. */
  readonly model: string | URL | (() => Promise<Uint8Array<ArrayBuffer>>);
  /** In order of preference; default: webgpu, then wasm. */
  readonly backends?: readonly WorkerBackendName[];
  readonly onProgress?: (progress: EngineProgress) => void;
  /** Called when another backend takes over in mid-run. */
  readonly onInfo?: (info: EngineInfo) => void;
  /** Take an emulated GPU; default: only when webgpu is all that is asked for. */
  readonly allowSoftwareGpu?: boolean;
  /** Threads of wasm, where the page is isolated; default: as many as help. */
  readonly threads?: number;
  /** Gives the loading up. */
  readonly signal?: AbortSignal;
  /** For tests: another worker script with the same protocol. */
  readonly spawn?: () => Worker;
  readonly limits?: WatchdogLimits;
  readonly wear?: WearLimits;
}

/**
 * Loads the model (from the cache where it is there) into a worker on the fastest backend that passes its
 * self-test. `info.why` says why it is that one.
 *
 * Throws `EngineError`: 'model-download', 'model-hash', 'model-invalid', or the last backend's failure; or
 * the reason of `signal`.
 */
export async function createWorkerEngine(options: WorkerEngineOptions): Promise<Engine> {
  const { manifest, signal, onProgress = ignore, onInfo = ignore, limits = usualLimits } = options;
  const backends = options.backends ?? (['webgpu', 'wasm'] as const);
  const chain = new BackendChain({
    manifest,
    backends,
    allowSoftwareGpu: options.allowSoftwareGpu ?? (backends.length === 1 && backends[0] === 'webgpu'),
    threads: options.threads ?? null,
    loadModel: (until) => loadModel(options, until),
    spawn: options.spawn ?? spawnWorker,
    loadMs: limits.loadMs,
    onStage: (phase, backend) => onProgress({ phase, backend }),
  });
  const open = await chain.open(signal);
  return new WorkerEngine({ chain, limits, wear: options.wear ?? usualWear(), onInfo }, open);
}

async function loadModel(
  { manifest, model, onProgress = ignore }: WorkerEngineOptions,
  signal: AbortSignal | undefined,
) {
  const file = primaryFile(manifest);
  if (typeof model !== 'function') {
    return fetchModel(model, file, (progress) => onProgress({ phase: 'download', ...progress }), signal);
  }
  const bytes = (await model()).slice();
  await assertModelFile(bytes, file);
  return bytes;
}

function spawnWorker(): Worker {
  return new Worker(new URL('../worker/main.ts', import.meta.url), {
    type: 'module',
    name: 'forelabel-engine',
  });
}

function ignore(): void {
  // Nobody listens.
}
