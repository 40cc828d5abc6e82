import pRetry from 'p-retry';
import { pause } from './deadline.ts';
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

/** Milliseconds. A server that wants to be left alone for longer is not worth a wait here: whoever asks can show why. */
export const LONGEST_WAIT = 5000;

/** Milliseconds that the server asked us to wait; 0 when it did not. */
export function askedFor(error: unknown): number {
  return error instanceof LabelStudioError || error instanceof ImageFetchError ? (error.retryAfter ?? 0) : 0;
}

/**
 * Tries something that may be repeated without harm three times, with growing, randomised pauses, and not sooner
 * than the server asked for.
 */
export async function retrying<T>(signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
  return pRetry(attempt, {
    retries: 2,
    minTimeout: 300,
    maxTimeout: 5000,
    factor: 3,
    randomize: true,
    shouldRetry: ({ error }) => isPassing(error) && askedFor(error) <= LONGEST_WAIT,
    onFailedAttempt: ({ error }) => pause(askedFor(error), signal),
    ...(signal === undefined ? {} : { signal }),
  });
}
