import * as v from 'valibot';
import { readAnswer } from './answer.ts';
import { CALL_TIMEOUT, unlessAborted, withDeadline } from './deadline.ts';
import type { Network } from './network.ts';
import { explainRejection } from './network.ts';
import { retrying } from './retry.ts';
import { jwtTimes, type Token } from './token.ts';

/** Sends requests to one Label Studio, and only to it, with the user's token. */
export interface Session {
  /** Address of Label Studio without a slash at the end. */
  readonly base: string;
  /**
   * `fetch` with the token; `path` begins with a slash and is taken below `base`. Renews an access
   * token that is about to end, and once more when Label Studio answers 401. Rejects as `fetch` does.
   */
  fetch(path: string, init: RequestInit & { readonly signal: AbortSignal }): Promise<Response>;
  /** Another token from now on. */
  use(token: Token): void;
}

/** An access token is renewed this long before its end. */
const MARGIN = 30_000;
/** Of an access token that does not say when it ends (Label Studio's own setting). */
const USUAL_LIFETIME = 300_000;

const accessSchema = v.object({ access: v.string() });

/** A session with `base`, an address from `normalizeAddress`. Asks nothing before the first request. */
export function createSession(base: string, token: Token, network: Network): Session {
  let header = headerOf(base, token, network);

  async function send(path: string, init: RequestInit, authorization: string): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', authorization);
    // Cookies of a Label Studio that the browser happens to be logged in to have no say here.
    return network.fetch(`${base}${path}`, { ...init, headers, credentials: 'omit' });
  }

  return {
    base,
    async fetch(path, init) {
      const { current, renew } = header;
      const authorization = await unlessAborted(current(), init.signal);
      const response = await send(path, init, authorization);
      if (response.status !== 401 || renew === null) return response;
      await response.body?.cancel();
      return send(path, init, await unlessAborted(renew(authorization), init.signal));
    },
    use(other) {
      header = headerOf(base, other, network);
    },
  };
}

/** What goes into the header Authorization, and how to renew it after a 401, where that is possible. */
interface Header {
  readonly current: () => Promise<string>;
  readonly renew: ((refused: string) => Promise<string>) | null;
}

function headerOf(base: string, token: Token, network: Network): Header {
  return token.kind === 'legacy'
    ? { current: () => Promise.resolve(`Token ${token.key}`), renew: null }
    : accessTokens(base, token.refresh, network);
}

/** The short-lived tokens that a personal access token buys; one renewal at a time, for all who wait. */
function accessTokens(base: string, refresh: string, network: Network): Header {
  let held: { readonly authorization: string; readonly renewAt: number } | null = null;
  let renewing: Promise<string> | null = null;

  async function buy(): Promise<string> {
    const { access } = await retrying(undefined, () => exchange(base, refresh, network));
    held = { authorization: `Bearer ${access}`, renewAt: network.now() + timeToRenewal(access) };
    return held.authorization;
  }

  function renew(): Promise<string> {
    renewing ??= buy().finally(() => {
      renewing = null;
    });
    return renewing;
  }

  return {
    current: () =>
      held !== null && network.now() < held.renewAt ? Promise.resolve(held.authorization) : renew(),
    /** After a 401 to `refused`; another call may have renewed it in the meantime. */
    renew: (refused: string) =>
      held !== null && held.authorization !== refused ? Promise.resolve(held.authorization) : renew(),
  };
}

async function exchange(
  base: string,
  refresh: string,
  network: Network,
): Promise<v.InferOutput<typeof accessSchema>> {
  try {
    return await withDeadline(undefined, CALL_TIMEOUT, async (signal) => {
      const response = await network.fetch(`${base}/api/token/refresh`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refresh }),
        credentials: 'omit',
        signal,
      });
      return readAnswer(response, accessSchema, base);
    });
  } catch (error) {
    throw await explainRejection(network, base, error, undefined);
  }
}

/**
 * Milliseconds from now until an access token should be renewed. Its lifetime is the distance between
 * two times on Label Studio's clock, so that it does not matter how wrong ours is.
 */
function timeToRenewal(access: string): number {
  const { issuedAt = null, expiresAt = null } = jwtTimes(access) ?? {};
  const lifetime = issuedAt === null || expiresAt === null ? USUAL_LIFETIME : (expiresAt - issuedAt) * 1000;
  return lifetime - Math.min(MARGIN, lifetime / 2);
}
