import type { DetectResult, Engine } from '../engine/types.ts';
import type { ItemResult, SourceItem } from './types.ts';

/** What both ends of an item have in common. */
export interface Origin {
  readonly sourceId: string;
  readonly modelVersion: string;
  readonly at: number;
}

/** An image that went through. */
export function doneResult(
  item: SourceItem,
  found: DetectResult,
  engine: Engine,
  origin: Origin,
): ItemResult {
  return {
    ...identity(item, origin),
    state: 'done',
    width: found.width,
    height: found.height,
    detections: found.detections,
    timings: found.timings,
    backend: engine.info.backend,
    error: null,
  };
}

/** An image that did not, with the reason as a code and as sentences. */
export function failedResult(item: SourceItem, error: unknown, origin: Origin): ItemResult {
  return {
    ...identity(item, origin),
    state: 'failed',
    width: 0,
    height: 0,
    detections: [],
    timings: null,
    backend: null,
    error: { code: codeOf(error), message: messageOf(error) },
  };
}

/** The `code` of our own errors, 'unexpected' for others. */
function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' && code !== '' ? code : 'unexpected';
}

/** For people. */
export function messageOf(error: unknown): string {
  if (error instanceof Error && error.message !== '') return error.message;
  return 'Something unexpected went wrong. Try it again.';
}

function identity(item: SourceItem, origin: Origin) {
  return {
    sourceId: origin.sourceId,
    key: item.key,
    name: item.name,
    taskId: item.taskId,
    modelVersion: origin.modelVersion,
    at: origin.at,
  };
}
