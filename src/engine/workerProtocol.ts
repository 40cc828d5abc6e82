import type { Manifest } from '../detector/manifest.ts';
import type { DetectResult } from './types.ts';

/** The backends that run in a worker. */
export type WorkerBackendName = 'webgpu' | 'wasm';

export type LoadStage = 'starting' | 'self-test' | 'warm-up';

export interface LoadRequest {
  readonly backend: WorkerBackendName;
  readonly manifest: Manifest;
  /** The ONNX file; transferred. Its hash has been checked. */
  readonly model: Uint8Array;
  /** Take a GPU that the browser emulates on the CPU. Far slower than wasm, so only for tests. */
  readonly allowSoftwareGpu: boolean;
  /** Threads of wasm; null: as many as help. */
  readonly threads: number | null;
}

export interface LoadReport {
  /** What it runs on, for people. */
  readonly device: string;
  readonly warmUpMs: number;
}

/** What the worker offers to the page across comlink. Every method may throw `EngineError`. */
export interface EngineWorker {
  /** Holds the Web Lock of that name for life, so that the page notices a silent death. */
  holdLifeLock(name: string): Promise<void>;
  /** To be called once: a second model or backend gets a new worker. */
  load(request: LoadRequest, onStage: (stage: LoadStage) => void): Promise<LoadReport>;
  /** @param image upright, not premultiplied, colour profile ignored; transferred. One call at a time. */
  detect(image: ImageBitmap): Promise<DetectResult>;
  /** Bytes of WebAssembly memory, which only grow. */
  heapBytes(): Promise<number>;
}
