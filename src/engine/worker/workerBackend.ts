import type { HeadTensors, ResizePlan } from '../../detector/types.ts';

/** A runtime inside the worker, reduced to what `DetectorWorker` needs. Calls never overlap. */
export interface WorkerBackend {
  /** What it runs on, for people. */
  readonly device: string;
  /** @param input float32 `[1,3,height,width]` */
  run(input: Float32Array, height: number, width: number): Promise<HeadTensors>;
  /** Resizes and normalises `image` by `plan`, then infers. Milliseconds beside the heads. */
  detect(image: ImageBitmap, plan: ResizePlan): Promise<Inference>;
}

export interface Inference {
  readonly heads: HeadTensors;
  readonly preprocess: number;
  readonly infer: number;
}
