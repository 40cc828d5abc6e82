import type { Row } from './table.ts';

/** What a target comes to: a ratio to be judged, or a reason not to judge, or one to fail without a ratio. */
export type Verdict = { readonly ratio: number } | { readonly skip: string } | { readonly fail: string };

/** @param leftOut why MMDetection did not run; null where it did */
export function besideMMDetection(row: Row | undefined, leftOut: string | null): Verdict {
  if (leftOut !== null) return { skip: leftOut };
  if (row === undefined) return { fail: 'It was not measured: see what failed above.' };
  return { ratio: row.timesMMDetection };
}

export interface OnTheGpu {
  /** Names of NVIDIA's GPUs in this machine, as its driver lists them. */
  readonly gpus: readonly string[];
  readonly webgpu: Row | undefined;
  /** Why there is no row of WebGPU. */
  readonly webgpuLeftOut: string | null;
  /** What MMDetection ran on that was to run on the GPU; null where it did not run. */
  readonly mmdetection: string | null;
  readonly mmdetectionLeftOut: string | null;
}

/**
 * WebGPU beside PyTorch on the same GPU. Where there is one of NVIDIA's, both have to run on it: a comparison with the CPU
 * would be passed by anything.
 */
export function onTheSameGpu(found: OnTheGpu): Verdict {
  const { gpus, webgpu, webgpuLeftOut, mmdetection, mmdetectionLeftOut } = found;
  const [gpu] = gpus;
  if (gpu === undefined) return { skip: 'No GPU is at hand that PyTorch could use too.' };
  if (mmdetection === null) {
    return {
      fail: `There is ${gpu}, but MMDetection did not run on it: ${mmdetectionLeftOut ?? 'it was not measured'}`,
    };
  }
  if (mmdetection === 'CPU') {
    return { fail: `There is ${gpu}, but MMDetection ran on the CPU: this PyTorch is no CUDA build for it.` };
  }
  if (webgpu === undefined) {
    return {
      fail: `There is ${gpu}, but no WebGPU engine could be opened on it: ${webgpuLeftOut ?? 'it was not measured'}`,
    };
  }
  return { ratio: webgpu.timesMMDetectionOnGpu };
}
