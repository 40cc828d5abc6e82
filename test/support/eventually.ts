import { vi } from 'vitest';

/** Resolves with what `check` gives when it throws no longer: soon, and on a busy machine in a few seconds. */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 10_000 });
