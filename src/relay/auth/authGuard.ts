import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { isLocalRequest } from '../guards.ts';
import { accessOf } from './access.ts';
import type { Attempts } from './attempts.ts';
import { loginPage } from './loginPage.ts';
import { refuse } from './refusal.ts';
import type { SecretCheck } from './secretCheck.ts';

export const cookieName = 'forelabel';
/** The user name of basic authentication, as Label Studio sends it. */
export const basicUser = 'forelabel';

export interface AuthOptions {
  readonly secret: SecretCheck;
  readonly attempts: Attempts;
  /** What the server is bound to. */
  readonly host: string;
}

/**
 * Lets pass what `accessOf` calls open, and what comes with the installation's secret: the page's cookie,
 * `Authorization: Bearer <secret>`, or basic authentication with the user 'forelabel'. A wrong secret is
 * refused where none would be needed too: who sends one believes to be known.
 */
export function authGuard(options: AuthOptions): MiddlewareHandler {
  return async (c, next) => {
    const access = accessOf(c, isLocalRequest(c, options.host));
    if (access === 'open') return next();
    const header = c.req.header('authorization');
    const refusal = header === undefined ? null : checkSecret(c, options, secretOf(header));
    if (refusal !== null) return refusal;
    if (header !== undefined || access === 'optional' || hasSession(c, options.secret)) return next();
    if (access === 'page') return loginPage(c, 401);
    return refuse(
      c,
      401,
      'secret-needed',
      "This needs the installation's secret. Reload the page, or send the secret as 'Authorization: Bearer ...'.",
    );
  };
}

/** Null when the secret is right, else the answer that refuses it. */
export function checkSecret(c: Context, { secret, attempts }: AuthOptions, given: string): Response | null {
  const address = addressOf(c);
  if (attempts.isBlocked(address, given)) {
    c.header('Retry-After', '60');
    return refuse(
      c,
      429,
      'too-many-attempts',
      'Too many wrong secrets came from here. Wait a minute and try again.',
    );
  }
  if (secret.isSecret(given)) return null;
  attempts.wrong(address, given);
  return refuse(
    c,
    401,
    'secret-wrong',
    "This is not the installation's secret. Connect again from Forelabel, or correct the secret.",
  );
}

/** Keeps a browser known. On this machine for as long as it is open, elsewhere for a month. */
export function giveSession(c: Context, secret: SecretCheck, days?: number): void {
  setCookie(c, cookieName, secret.cookie, {
    path: '/',
    httpOnly: true,
    sameSite: 'Strict',
    // Behind a proxy that speaks https, the page's origin tells.
    secure: c.req.header('origin')?.startsWith('https:') === true,
    ...(days === undefined ? {} : { maxAge: days * 86_400 }),
  });
}

/** The page of a server that only this machine reaches gets the cookie without asking. */
export function pageSession({ secret, host }: AuthOptions): MiddlewareHandler {
  return async (c, next) => {
    await next();
    const isPage = c.res.ok && c.res.headers.get('content-type')?.startsWith('text/html') === true;
    if (isPage && isLocalRequest(c, host)) giveSession(c, secret);
  };
}

function hasSession(c: Context, secret: SecretCheck): boolean {
  const cookie = getCookie(c, cookieName);
  return cookie !== undefined && secret.isCookie(cookie);
}

/** The secret in an Authorization header; what is none of the two kinds counts as a wrong one. */
function secretOf(header: string): string {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)\s*$/u.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return '';
  const [user, ...password] = Buffer.from(value, 'base64').toString('utf8').split(':');
  return user === basicUser ? password.join(':') : '';
}

/** Requests of tests come from no connection. */
function addressOf(c: Context): string {
  try {
    return getConnInfo(c).remote.address ?? 'unknown';
  } catch {
    return 'unknown';
  }
}
