import type { ItemResult } from '../../../src/store/types.ts';

export const SOURCE = 'labelstudio:http://ls.test:1';
export const VERSION = 'm-12345678';

/** A result as a run stores it. */
export function resultOf(task: number): ItemResult {
  return {
    sourceId: SOURCE,
    key: `task:${task}`,
    name: `Task ${task}`,
    taskId: task,
    modelVersion: VERSION,
    state: 'done',
    width: 640,
    height: 480,
    detections: [{ x1: 1.5, y1: 2, x2: 30, y2: 40, score: 0.875, label: 0 }],
    timings: { decode: 1, preprocess: 2, infer: 3, postprocess: 4, total: 10 },
    backend: 'webgpu',
    error: null,
    at: 1_700_000_000_000,
  };
}
