import { isLoopback } from './address.ts';
import { DeadlineError } from './deadline.ts';
import { LabelStudioError } from './errors.ts';

/** What lies below every call; replaced in tests. */
export interface Network {
  readonly fetch: typeof fetch;
  /** Address of the page we run in, null outside a browser: there CORS and mixed content exist. */
  readonly page: string | null;
  /** The page is cross-origin isolated (COEP): opaque answers are kept from it. */
  readonly isolated: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The network of the place we run in. */
export function defaultNetwork(fetchFunction?: typeof fetch): Network {
  const page = (globalThis as { readonly location?: { readonly href?: unknown } }).location?.href;
  return {
    // Called through a closure: a browser's `fetch` must not lose its `this`.
    fetch: fetchFunction ?? ((input, init) => fetch(input, init)),
    page: typeof page === 'string' ? page : null,
    isolated: (globalThis as { readonly crossOriginIsolated?: boolean }).crossOriginIsolated === true,
    now: () => Date.now(),
  };
}

/**
 * Whether a server answers at `url` although a CORS request to it failed. Only a browser can tell the
 * two apart, and only by an opaque request, which an isolated page may not make: 'unknown'.
 */
export async function answersWithoutCors(
  network: Network,
  url: string,
  signal: AbortSignal,
): Promise<'yes' | 'no' | 'unknown'> {
  if (network.page === null) return 'no';
  if (network.isolated) return 'unknown';
  try {
    await network.fetch(url, { mode: 'no-cors', credentials: 'omit', signal });
    return 'yes';
  } catch {
    return 'no';
  }
}

/** True when the browser refuses the address before any byte is sent: https page, plain http server. */
export function isMixedContent(network: Network, url: string): boolean {
  const target = new URL(url);
  return (
    network.page?.startsWith('https:') === true && target.protocol === 'http:' && !isLoopback(target.hostname)
  );
}

/**
 * Turns what `fetch` rejected with into an error for people. Aborts by the caller stay what they are.
 * `base` is Label Studio's address.
 */
export async function explainRejection(
  network: Network,
  base: string,
  rejection: unknown,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  if (signal?.aborted === true || rejection instanceof LabelStudioError) return rejection;
  if (rejection instanceof DeadlineError) {
    return new LabelStudioError(
      'timeout',
      `Label Studio at ${base} did not answer in time. Check that it is not overloaded, and try again.`,
      { cause: rejection },
    );
  }
  if (!(rejection instanceof TypeError)) return rejection;
  if (isMixedContent(network, base)) {
    return new LabelStudioError(
      'unreachable',
      `This page came over https and the browser blocks the plain-http address ${base}. Open Forelabel over http on this machine, or give Label Studio a certificate.`,
      { cause: rejection },
    );
  }
  const answers = await answersWithoutCors(network, base, AbortSignal.timeout(5000));
  if (answers === 'unknown') {
    return new LabelStudioError(
      'unreachable',
      `Nothing that this page may read answers at ${base}. Open that address in another tab: if nothing is there, start Label Studio or correct the address; if Label Studio is there, start it with CORS_ALLOWED_ORIGINS=${originOf(network.page)}, or without that variable.`,
      { cause: rejection },
    );
  }
  if (answers === 'yes') {
    return new LabelStudioError(
      'cors',
      `Label Studio at ${base} answers, but does not let this page read the answer (CORS). Start it with CORS_ALLOWED_ORIGINS=${originOf(network.page)}, or without that variable and CORS_ALLOW_ALL_ORIGINS.`,
      { cause: rejection },
    );
  }
  return new LabelStudioError(
    'unreachable',
    `Nothing answers at ${base}. Check that Label Studio runs and that the address, with http:// or https://, is right.`,
    { cause: rejection },
  );
}

function originOf(page: string | null): string {
  return page === null ? '*' : new URL(page).origin;
}
