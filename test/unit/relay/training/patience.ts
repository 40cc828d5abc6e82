import { expect, vi } from 'vitest';

// Processes are started and killed here; a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** `expect.poll` with as much of it. */
export const poll = <T>(what: () => T) => expect.poll(what, { timeout: 20_000 });
