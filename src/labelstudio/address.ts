import { LabelStudioError } from './errors.ts';

/** First path segments of Label Studio's own pages: what follows was pasted along with the address. */
const OWN_PAGES = new Set([
  'admin',
  'api',
  'data',
  'docs',
  'health',
  'home',
  'ml',
  'organization',
  'people',
  'projects',
  'settings',
  'tasks',
  'user',
  'version',
]);

const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/u;

/** True for hosts that never leave this machine. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.test(hostname);
}

/**
 * The address of a Label Studio as the rest of this folder uses it: scheme, host, port, and the path
 * it is installed under, without a slash at the end. Accepts what people paste: a page of Label
 * Studio, a trailing slash, no scheme (http for this machine, https for others).
 *
 * Throws `LabelStudioError` 'bad-address'.
 */
export function normalizeAddress(typed: string): string {
  const text = typed.trim();
  if (text === '') throw badAddress('The address is empty.');
  const url = parse(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw badAddress(`${url.protocol}// is not an address of a web page.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw badAddress('The address holds a user name or a password, which would end up in logs.');
  }
  const kept: string[] = [];
  for (const segment of url.pathname.split('/')) {
    if (segment === '') continue;
    if (OWN_PAGES.has(segment)) break;
    kept.push(segment);
  }
  return [url.origin, ...kept].join('/');
}

/**
 * What rows and files about a project or a task are kept under: the same numbers mean something else in another Label
 * Studio. The names of this machine are one. `url` is an address as `normalizeAddress` gives it.
 */
export function addressName(url: string): string {
  const named = new URL(url);
  if (isLoopback(named.hostname) && !named.hostname.endsWith('.localhost')) named.hostname = 'localhost';
  return named.href.replace(/\/+$/u, '');
}

/**
 * The origin that a text is: 'http://localhost:8080'. Null for everything that says more or less than one (a path, a
 * user), and for what cannot stand in a Content-Security-Policy: wildcards, separators, IPv6 addresses.
 */
export function webOrigin(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { origin } = new URL(text);
  if (text !== origin && text !== `${origin}/`) return null;
  return /^https?:\/\/[a-z\d._-]+(?::\d+)?$/u.test(origin) ? origin : null;
}

function parse(text: string): URL {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//iu.test(text);
  try {
    if (hasScheme) return new URL(text);
    const secure = new URL(`https://${text}`);
    return isLoopback(secure.hostname) ? new URL(`http://${text}`) : secure;
  } catch {
    // The text itself is not repeated: people paste tokens into the wrong box.
    throw badAddress('The address cannot be read.');
  }
}

function badAddress(what: string): LabelStudioError {
  return new LabelStudioError(
    'bad-address',
    `${what} Type the address you open Label Studio with, for example http://localhost:8080.`,
  );
}
