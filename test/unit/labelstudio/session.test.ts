import { describe, expect, test } from 'vitest';
import type { Network } from '../../../src/labelstudio/network.ts';
import { createSession } from '../../../src/labelstudio/session.ts';
import { readToken } from '../../../src/labelstudio/token.ts';
import { fakeFetch, json, noAnswer, type Answer } from './fakeLabelStudio.ts';
import { jwt } from './jwt.ts';

const BASE = 'http://ls.example:8080';
const PAT = jwt({ exp: 9_999_999_999, iat: 1 });
const signal = new AbortController().signal;

/** Sells access tokens that live 300 s on a clock an hour behind ours. */
function shop() {
  let sold = 0;
  const answer: Answer = () => {
    sold += 1;
    const issuedAt = 1_000_000 - 3600 + sold;
    return json({ access: jwt({ iat: issuedAt, exp: issuedAt + 300, n: sold }) });
  };
  return { answer, sold: () => sold };
}

function setUp(routes: Readonly<Record<string, Answer>>, token = PAT) {
  let now = 1_000_000_000;
  const { fetch, seen } = fakeFetch(routes);
  const network: Network = { fetch, page: null, isolated: false, now: () => now };
  return {
    session: createSession(BASE, readToken(token), network),
    seen,
    pass: (seconds: number) => (now += seconds * 1000),
  };
}

describe('a personal access token', () => {
  test('is sent to the refresh address only; requests carry the access token', async () => {
    const { session, seen } = setUp({
      'POST /api/token/refresh': shop().answer,
      'GET /api/x': () => json({}),
    });
    await session.fetch('/api/x', { signal });
    expect(seen.map(({ url }) => url)).toEqual([`${BASE}/api/token/refresh`, `${BASE}/api/x`]);
    expect(seen[0]).toMatchObject({ authorization: null, body: JSON.stringify({ refresh: PAT }) });
    expect(seen[1]?.authorization).toMatch(/^Bearer ey/u);
    expect(JSON.stringify(seen[1])).not.toContain(PAT);
  });

  test('is exchanged once for calls at the same time, and again 30 s before the end', async () => {
    const { answer, sold } = shop();
    const { session, pass } = setUp({ 'POST /api/token/refresh': answer, 'GET /api/x': () => json({}) });
    const call = () => session.fetch('/api/x', { signal });
    await Promise.all([call(), call(), call()]);
    pass(269);
    await call();
    expect(sold()).toBe(1);
    pass(2);
    await Promise.all([call(), call()]);
    expect(sold()).toBe(2);
  });

  test('a 401 renews it once for all, and only once', async () => {
    const { answer, sold } = shop();
    const refused = new Set<string>();
    const { session, seen } = setUp({
      'POST /api/token/refresh': answer,
      'GET /api/x': ({ authorization }) => {
        if (sold() > 1) return json({ ok: true });
        refused.add(authorization ?? '');
        return json({ detail: 'expired' }, 401);
      },
      'GET /api/never': () => json({ detail: 'no' }, 401),
    });
    const answers = await Promise.all([1, 2, 3].map(() => session.fetch('/api/x', { signal })));
    expect(answers.map((each) => each.status)).toEqual([200, 200, 200]);
    expect([sold(), refused.size]).toEqual([2, 1]);
    const before = seen.length;
    expect((await session.fetch('/api/never', { signal })).status).toBe(401);
    expect(seen.slice(before).filter(({ url }) => url.endsWith('/never'))).toHaveLength(2);
  });

  test('a late 401 to a token that was renewed in the meantime buys no other', async () => {
    const { answer, sold } = shop();
    let release: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let asked = 0;
    const { session } = setUp({
      'POST /api/token/refresh': answer,
      'GET /api/x': async () => {
        asked += 1;
        if (asked > 2) return json({});
        if (asked === 2) await gate;
        return json({}, 401);
      },
    });
    const quick = session.fetch('/api/x', { signal });
    const slow = session.fetch('/api/x', { signal });
    await quick;
    release?.();
    expect((await slow).status).toBe(200);
    expect(sold()).toBe(2);
  });

  test('one caller that gives up does not take the renewal from the others', async () => {
    let release: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { answer } = shop();
    const { session } = setUp({
      'POST /api/token/refresh': async (seen, init) => {
        await gate;
        return answer(seen, init);
      },
      'GET /api/x': () => json({}),
    });
    const impatient = new AbortController();
    const first = session.fetch('/api/x', { signal: impatient.signal });
    const second = session.fetch('/api/x', { signal });
    impatient.abort(new Error('left'));
    await expect(first).rejects.toThrow('left');
    release?.();
    expect((await second).status).toBe(200);
  });

  test('a refused one is said so, a failed exchange is tried again later', async () => {
    let open = false;
    const { session } = setUp({
      'POST /api/token/refresh': (seen, init) =>
        open ? shop().answer(seen, init) : json({ detail: 'Token is blacklisted' }, 401),
      'GET /api/x': () => json({}),
    });
    await expect(session.fetch('/api/x', { signal })).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringContaining('Token is blacklisted') as string,
    });
    open = true;
    expect((await session.fetch('/api/x', { signal })).status).toBe(200);
  });

  test('no message holds the token', async () => {
    const { session } = setUp({ 'POST /api/token/refresh': noAnswer });
    const error: unknown = await session.fetch('/api/x', { signal }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'unreachable' });
    expect(String(error)).not.toContain(PAT);
  });
});

test('a legacy token is sent as it is, and a 401 is final', async () => {
  const { session, seen } = setUp({ 'GET /api/x': () => json({}, 401) }, 'abc');
  expect((await session.fetch('/api/x', { signal })).status).toBe(401);
  expect(seen.map(({ authorization }) => authorization)).toEqual(['Token abc']);
});
