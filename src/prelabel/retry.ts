import type { Bell } from './bell.ts';
import type { Clock } from './clock.ts';
import { ConnectionError } from './connectionError.ts';
import { StoreError } from '../store/storeError.ts';

const FIRST_MS = 1000;
const LONGEST_MS = 60_000;

/**
 * Milliseconds before try `attempt` (from 0) is repeated: doubled each time up to a minute, with half of it left
 * to chance, so that many tabs do not come back at the same moment.
 */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.round((full / 2) * (1 + random()));
}

export interface RetryOptions {
  readonly clock: Clock;
  /** A ring cuts a wait short. */
  readonly bell: Bell;
  readonly signal: AbortSignal;
  /** After this long without a success the trouble is thrown. */
  readonly giveUpAfterMs: number;
  /** Where a token that is no longer accepted can be replaced: resolves when it was. Null: nobody is there to do it. */
  readonly signIn: ((message: string) => Promise<void>) | null;
  /** Told why there is a wait, and null when it is over. */
  trouble(message: string | null): void;
}

/** Waits between tries, as long as waiting can help. One for each thing that is waited for. */
export class Patience {
  readonly #options: RetryOptions;
  #attempt = 0;
  #since: number | null = null;

  constructor(options: RetryOptions) {
    this.#options = options;
  }

  /** To be called after a success: the next trouble starts with a short wait again. */
  reset(): void {
    if (this.#since === null) return;
    this.#attempt = 0;
    this.#since = null;
    this.#options.trouble(null);
  }

  /** Resolves when it is time to try again; throws `error` when waiting cannot help. */
  async wait(error: unknown): Promise<void> {
    const { bell, clock, giveUpAfterMs, signIn, signal } = this.#options;
    signal.throwIfAborted();
    if (error instanceof ConnectionError && error.code === 'signed-out' && signIn !== null) {
      await signIn(error.message);
      return;
    }
    if (!canPass(error)) throw error;
    this.#since ??= clock.now();
    if (clock.now() - this.#since >= giveUpAfterMs) throw error;
    const asked = error instanceof ConnectionError ? error.retryAfter : 0;
    const ms = Math.max(asked, backoff(this.#attempt));
    this.#attempt += 1;
    this.#options.trouble(`${error.message} Trying again in ${Math.ceil(ms / 1000)} s.`);
    await bell.heardWithin(clock, ms, signal);
  }
}

function canPass(error: unknown): error is Error {
  return (error instanceof ConnectionError && error.code === 'unreachable') || error instanceof StoreError;
}
