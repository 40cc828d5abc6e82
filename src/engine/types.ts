import type { Detection } from '../detector/types.ts';

/** `relay` (native behind the relay, for the page) joins these when the relay offers it. */
export type Backend = 'webgpu' | 'wasm' | 'native';

/** Milliseconds. `total` is the time from encoded bytes to boxes, without waiting for other images. */
export interface Timings {
  readonly decode: number;
  readonly preprocess: number;
  readonly infer: number;
  readonly postprocess: number;
  readonly total: number;
}

export interface DetectResult {
  /** Size of the upright image in pixels. */
  readonly width: number;
  readonly height: number;
  /** Every detection above the model's own floor, best first. */
  readonly detections: readonly Detection[];
  readonly timings: Timings;
}

export interface EngineInfo {
  readonly backend: Backend;
  /** What it runs on, for people: 'NVIDIA RTX 3060', '4 threads', ... */
  readonly device: string;
  /** One sentence: why this backend and not a faster one. */
  readonly why: string;
  readonly warmUpMs: number;
  readonly modelVersion: string;
}

export interface Engine {
  readonly info: EngineInfo;
  /**
   * @param image encoded bytes (JPEG, PNG, ...). One image is inferred at a time; calls queue in order.
   * @throws EngineError; `signal` rejects with its reason at once and leaves the queue usable.
   */
  detect(image: Blob, options?: { readonly signal?: AbortSignal }): Promise<DetectResult>;
  dispose(): Promise<void>;
}
