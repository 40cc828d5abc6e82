import type { Detection } from '../detector/types.ts';

/** `relay` is the native engine of the relay that serves the page, asked over HTTP. */
export type Backend = 'webgpu' | 'relay' | 'wasm' | 'native';

/** Milliseconds. `total` is the time from encoded bytes to boxes, without waiting for other images. */
export interface Timings {
  readonly decode: number;
  readonly preprocess: number;
  readonly infer: number;
  readonly postprocess: number;
  /** To the relay and back; only where there is such a way. */
  readonly transfer?: number;
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

/** What is known of an engine that could run here, for people. */
export interface CandidateReport {
  readonly backend: Backend;
  /** Milliseconds of an image, measured here; null where none was run. */
  readonly ms: number | null;
  /** One sentence: that it is used, or why it is not. */
  readonly said: string;
}

export interface EngineInfo {
  readonly backend: Backend;
  /** What it runs on, for people: 'NVIDIA RTX 3060', '4 threads', ... */
  readonly device: string;
  /** One sentence: why this backend and not a faster one. */
  readonly why: string;
  readonly warmUpMs: number;
  readonly modelVersion: string;
  /** Every engine that could be chosen, the one in use included; absent where there was no choice. */
  readonly candidates?: readonly CandidateReport[];
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
