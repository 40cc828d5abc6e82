import { digest } from './secretCheck.ts';

/** Wrong secrets that one address may try within the window. */
const limit = 10;
const windowMs = 60_000;
/** Addresses that are remembered; the oldest go first. */
const mostAddresses = 10_000;

interface Tries {
  readonly since: number;
  /** How often each wrong secret was sent, by its hash. */
  readonly wrong: Map<string, number>;
}

/** Slows down guessing. */
export interface Attempts {
  /** Whether this address has to wait before this secret is looked at. */
  isBlocked(address: string, secret: string): boolean;
  wrong(address: string, secret: string): void;
}

/**
 * At most 10 different wrong secrets a minute and address; then nothing that the address sends is looked at
 * until the minute is over. A program that repeats one old secret (a webhook of a former installation) is not
 * guessing: after 10 times only that secret is blocked, so that it does not lock out its neighbours.
 */
export function createAttempts(now: () => number = () => Date.now()): Attempts {
  const addresses = new Map<string, Tries>();
  const triesOf = (address: string): Tries | undefined => {
    const tries = addresses.get(address);
    if (tries !== undefined && now() - tries.since < windowMs) return tries;
    addresses.delete(address);
    return undefined;
  };
  return {
    isBlocked(address, secret) {
      const tries = triesOf(address);
      if (tries === undefined) return false;
      return tries.wrong.size >= limit || (tries.wrong.get(keyOf(secret)) ?? 0) >= limit;
    },
    wrong(address, secret) {
      const tries = triesOf(address) ?? { since: now(), wrong: new Map<string, number>() };
      const key = keyOf(secret);
      tries.wrong.set(key, (tries.wrong.get(key) ?? 0) + 1);
      addresses.set(address, tries);
      const [oldest] = addresses.keys();
      if (addresses.size > mostAddresses && oldest !== undefined) addresses.delete(oldest);
    },
  };
}

const keyOf = (secret: string): string => digest(secret).toString('base64');
