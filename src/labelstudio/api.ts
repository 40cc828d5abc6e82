import type * as v from 'valibot';
import { failureOf, readAnswer, retryAfter } from './answer.ts';
import { CALL_TIMEOUT, WRITE_TIMEOUT, withDeadline } from './deadline.ts';
import { explainRejection, type Network } from './network.ts';
import { retrying } from './retry.ts';
import type { Session } from './session.ts';

/** JSON calls to Label Studio; what comes back has passed its schema. */
export interface Api {
  readonly base: string;
  /** Tried again when the network or the server fails in passing. */
  get<Schema extends v.GenericSchema>(
    path: string,
    schema: Schema,
    signal: AbortSignal | undefined,
    options?: { /** Without the token: for what anyone may know. */ readonly anonymous?: boolean },
  ): Promise<v.InferOutput<Schema>>;
  /** Sent once: whether a failed one did its work, only reading back can tell. */
  send<Schema extends v.GenericSchema>(
    method: 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body: unknown,
    schema: Schema,
    signal: AbortSignal | undefined,
  ): Promise<v.InferOutput<Schema>>;
  /** Deletes one thing; that it is gone already is no failure. */
  remove(path: string, signal: AbortSignal | undefined): Promise<void>;
}

/** Every failure is a `LabelStudioError`, except an abort by the caller's signal, which is its reason. */
export function createApi(session: Session, network: Network): Api {
  async function call<T>(
    path: string,
    init: RequestInit & { readonly anonymous?: boolean },
    milliseconds: number,
    signal: AbortSignal | undefined,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const { anonymous = false, ...request } = init;
    try {
      return await withDeadline(signal, milliseconds, async (inner) =>
        read(
          anonymous
            ? await network.fetch(`${session.base}${path}`, {
                ...request,
                credentials: 'omit',
                signal: inner,
              })
            : await session.fetch(path, { ...request, signal: inner }),
        ),
      );
    } catch (error) {
      throw await explainRejection(network, session.base, error, signal);
    }
  }

  return {
    base: session.base,
    get: (path, schema, signal, options = {}) =>
      retrying(signal, () =>
        call(path, options, CALL_TIMEOUT, signal, (response) => readAnswer(response, schema, session.base)),
      ),
    send: (method, path, body, schema, signal) => {
      const init = { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
      return call(path, init, WRITE_TIMEOUT, signal, (response) =>
        readAnswer(response, schema, session.base),
      );
    },
    remove: (path, signal) =>
      retrying(signal, () =>
        call(path, { method: 'DELETE' }, CALL_TIMEOUT, signal, async (response) => {
          const text = await response.text();
          if (response.ok || response.status === 404) return;
          throw failureOf(response.status, text, session.base, retryAfter(response.headers, text));
        }),
      ),
  };
}
