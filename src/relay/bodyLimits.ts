import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { engineAddresses, mostImageBytes } from '../engine/relayProtocol.ts';
import { refuse, type RefusalStatus } from './auth/refusal.ts';
import { isMlPath } from './auth/access.ts';

const megabyte = 1024 * 1024;

/** By path, where more than the usual megabyte is sent. */
const limits: Readonly<Record<string, number>> = {
  '/predict': 20 * megabyte,
  '/train': 20 * megabyte,
  '/webhook': 10 * megabyte,
  '/api/results': 20 * megabyte,
  [engineAddresses.detect]: mostImageBytes,
};

/** Refuses bodies that are larger than anything that is sent to the address. */
export function bodyLimits(): MiddlewareHandler {
  const limited = (maxSize: number, status: RefusalStatus): MiddlewareHandler =>
    bodyLimit({
      maxSize,
      onError: (c) =>
        refuse(
          c,
          status,
          'too-large',
          `More than ${maxSize / megabyte} MB were sent. Send less in one request.`,
        ),
    });
  const byPath = new Map(
    Object.entries(limits).map(([path, size]) => [path, limited(size, isMlPath(path) ? 400 : 413)]),
  );
  const usual = limited(megabyte, 413);
  return (c, next) => {
    // Over HTTP, these two announce a body. Hono would wrap the one of a DELETE that has none, and Node's server cannot
    // take that: the request would fail.
    const announced = c.req.header('content-length') ?? c.req.header('transfer-encoding');
    if (c.req.method === 'DELETE' && announced === undefined) return next();
    return (byPath.get(c.req.path) ?? usual)(c, next);
  };
}
