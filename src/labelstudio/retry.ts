import pRetry from 'p-retry';
import { ImageFetchError, LabelStudioError } from './errors.ts';

/** Codes of failures that may be gone at the next try. */
const PASSING = new Set<string>([
  'unreachable',
  'timeout',
  'too-many-requests',
  'server-error',
  'image-unreachable',
  'image-timeout',
  'image-server-error',
]);

/** Whether trying the same again later can help. */
export function isPassing(error: unknown): boolean {
  return (error instanceof LabelStudioError || error instanceof ImageFetchError) && PASSING.has(error.code);
}

/** Tries something that may be repeated without harm three times, with growing, randomised pauses. */
export async function retrying<T>(signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
  return pRetry(attempt, {
    retries: 2,
    minTimeout: 300,
    maxTimeout: 5000,
    factor: 3,
    randomize: true,
    shouldRetry: ({ error }) => isPassing(error),
    ...(signal === undefined ? {} : { signal }),
  });
}
