/** The message of whatever was thrown, for people. Our own errors carry two sentences and pass as they are. */
export function problemOf(error: unknown): string {
  if (error instanceof Error && error.message !== '') return error.message;
  return 'Something failed without a reason. Reload the page; everything saved so far is kept.';
}

/** True for the rejection of a call that we ended ourselves. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}
