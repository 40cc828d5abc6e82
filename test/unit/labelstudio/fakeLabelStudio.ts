/** A `fetch` that answers from a list of routes, for what a real server cannot be made to do on demand. */

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | null;
  readonly body: string | null;
}
export type Answer = (seen: Seen, init: RequestInit) => Response | Promise<Response>;

export const json = (body: unknown, status = 200) => Response.json(body, { status });

/** `routes` are tried in order; a route's key is the beginning of 'METHOD path?query'. */
export function fakeFetch(routes: Readonly<Record<string, Answer>>): {
  readonly fetch: typeof fetch;
  readonly seen: Seen[];
} {
  const seen: Seen[] = [];
  const fake: typeof fetch = async (input, init = {}) => {
    init.signal?.throwIfAborted();
    if (typeof input !== 'string') throw new Error('The client asks with strings only.');
    const url = new URL(input);
    const request: Seen = {
      method: init.method ?? 'GET',
      url: input,
      authorization: new Headers(init.headers).get('authorization'),
      body: typeof init.body === 'string' ? init.body : null,
    };
    seen.push(request);
    const line = `${request.method} ${url.pathname}${url.search}`;
    const route = Object.entries(routes).find(
      ([start]) => line.startsWith(start) || `${request.method} ${input}`.startsWith(start),
    );
    if (route === undefined) throw new Error(`Nobody answers ${line}`);
    return route[1](request, init);
  };
  return { fetch: fake, seen };
}

/** What `fetch` rejects with when nothing answers. */
export const noAnswer: Answer = () => Promise.reject(new TypeError('fetch failed'));

/** Never answers; rejects when the request is aborted. */
export const silence: Answer = (_seen, init) =>
  new Promise((_resolve, reject) => {
    init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
  });
