import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Whether a request knows the installation's secret. Both comparisons take the same time for any wrong value. */
export interface SecretCheck {
  /** The value of the page's cookie: proof of the secret, from which the secret cannot be found. */
  readonly cookie: string;
  isSecret(given: string): boolean;
  isCookie(given: string): boolean;
}

export function secretCheck(secret: string): SecretCheck {
  // Browsers send a cookie to every port of a host: what leaves here must not be the secret itself.
  const cookie = createHmac('sha256', secret).update('forelabel page').digest('base64url');
  return {
    cookie,
    isSecret: (given) => equal(given, secret),
    isCookie: (given) => equal(given, cookie),
  };
}

/** Hashed first: `timingSafeEqual` takes equal lengths only, and a length tells something. */
function equal(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

export function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
