import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRelay, type RelayOptions } from '../../../src/relay/app.ts';
import { createAttempts } from '../../../src/relay/auth/attempts.ts';
import { listModels } from '../../../src/relay/modelCatalog.ts';

const secret = 'a-secret-of-this-installation';
const basic = (user: string, password: string) => `Basic ${btoa(`${user}:${password}`)}`;
const logged: string[] = [];
let appDir: string;

function relayAt(host: string, options: Partial<RelayOptions> = {}): Hono {
  return createRelay({
    ...{ appDir, host, secret },
    models: () => listModels([]),
    log: pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) }),
    extend: (app) => {
      app.post('/webhook', (c) => c.text('heard'));
      app.get('/extra', (c) => c.text('extra'));
    },
    api: (api) => {
      api.get('/jobs', (c) => c.json({ jobs: [] }));
      api.post('/jobs', async (c) => c.text(await c.req.text()));
      api.get('/media', (c) => c.text('picture'));
    },
    ...options,
  });
}

beforeAll(async () => {
  appDir = await mkdtemp(join(tmpdir(), 'forelabel-auth-'));
  await mkdir(join(appDir, 'assets'));
  await writeFile(join(appDir, 'index.html'), '<!doctype html><title>the app</title>');
  await writeFile(join(appDir, 'assets', 'main-1.js'), 'run()');
});
afterAll(() => rm(appDir, { recursive: true }));

async function ask(
  relay: Hono,
  path: string,
  { method = 'GET', body, ...headers }: Record<string, string> = {},
): Promise<Response> {
  const init = {
    method,
    headers: { host: '127.0.0.1:9090', ...headers },
    ...(body === undefined ? {} : { body }),
  };
  return relay.request(path, init);
}
const cookieOf = (answer: Response): string => answer.headers.get('set-cookie')?.split(';')[0] ?? '';

describe('on this machine', () => {
  let relay: Hono;
  beforeAll(() => {
    relay = relayAt('127.0.0.1');
  });

  it('the page gets a cookie that scripts cannot read, and that is not the secret', async () => {
    const answer = await ask(relay, '/', { accept: 'text/html' });
    const header = answer.headers.get('set-cookie') ?? '';
    expect(header).toMatch(/^forelabel=[\w-]{43}; /u);
    expect(header).toContain('HttpOnly');
    expect(header).toContain('SameSite=Strict');
    expect(header).toContain('Path=/');
    expect(header).not.toContain(secret);
    expect((await ask(relay, '/assets/main-1.js')).headers.get('set-cookie')).toBeNull();
    const deepLink = await ask(relay, '/projects/3', { accept: 'text/html' });
    expect(cookieOf(deepLink)).toBe(cookieOf(answer));
  });

  it.each([
    ['behind a proxy that keeps the name', { host: 'label.example.org' }],
    ['behind a proxy that says so', { 'x-forwarded-for': '203.0.113.9' }],
  ])('%s the page comes without it, after logging in', async (_, headers) => {
    const behind = relayAt('127.0.0.1', { hosts: ['label.example.org'] });
    const answer = await ask(behind, '/', { accept: 'text/html', ...headers });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(await answer.text()).toContain('<form method="post" action="/api/session">');
    expect((await ask(behind, '/webhook', { method: 'POST', ...headers })).status).toBe(401);
  });

  it('a change under /api needs the cookie or the secret', async () => {
    const cookie = cookieOf(await ask(relay, '/', { accept: 'text/html' }));
    const post = async (headers: Record<string, string>) =>
      (await ask(relay, '/api/jobs', { method: 'POST', body: 'x', ...headers })).status;
    expect(await post({})).toBe(401);
    expect(await post({ cookie: 'forelabel=wrong' })).toBe(401);
    expect(await post({ cookie: `forelabel=${secret}` })).toBe(401);
    expect(await post({ authorization: `Bearer ${secret}x` })).toBe(401);
    expect(await post({ authorization: basic('admin', secret) })).toBe(401);
    expect(await post({ authorization: `Token ${secret}` })).toBe(401);
    expect(await post({ authorization: 'Bearer' })).toBe(401);
    expect(await post({ cookie })).toBe(200);
    expect(await post({ authorization: `Bearer ${secret}` })).toBe(200);
    expect(await post({ authorization: basic('forelabel', secret) })).toBe(200);
  });

  it('reading is open, but for images, which are fetched with a token', async () => {
    expect((await ask(relay, '/api/jobs')).status).toBe(200);
    expect((await ask(relay, '/api/media?url=x')).status).toBe(401);
    expect((await ask(relay, '/api/media?url=x', { authorization: `Bearer ${secret}` })).status).toBe(200);
  });

  it('says in words what is missing', async () => {
    const answer = await ask(relay, '/api/jobs', { method: 'POST' });
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/u);
    expect(await answer.json()).toEqual({
      error: {
        code: 'secret-needed',
        message: expect.stringMatching(/secret.*\. .*Authorization/u) as string,
      },
    });
  });

  it('Label Studio need not log in, but a wrong secret is refused', async () => {
    const post = async (headers: Record<string, string>) =>
      (await ask(relay, '/webhook', { method: 'POST', ...headers })).status;
    expect(await post({})).toBe(200);
    expect(await post({ authorization: basic('forelabel', secret) })).toBe(200);
    expect(await post({ authorization: basic('forelabel', 'old') })).toBe(401);
  });

  it('an address of the interface that is none is not the page', async () => {
    expect((await ask(relay, '/api/nothing', { accept: 'text/html' })).status).toBe(404);
  });

  it('without a secret of its own, only the page may change anything', async () => {
    const bare = createRelay({
      ...{ appDir, host: '127.0.0.1' },
      models: () => listModels([]),
      log: pino({ level: 'silent' }),
      api: (api) => void api.post('/jobs', (c) => c.text('made')),
    });
    const cookie = cookieOf(await ask(bare, '/', { accept: 'text/html' }));
    expect((await ask(bare, '/api/jobs', { method: 'POST', cookie })).status).toBe(200);
    expect((await ask(bare, '/api/jobs', { method: 'POST', authorization: 'Bearer undefined' })).status).toBe(
      401,
    );
  });
});

describe('on the network', () => {
  let relay: Hono;
  const box = { host: 'box.lan:9090' };
  beforeAll(() => {
    relay = relayAt('0.0.0.0');
  });

  it.each([
    ['GET', '/api/jobs'],
    ['GET', '/models'],
    ['GET', '/models/x/model.onnx'],
    ['GET', '/extra'],
    ['GET', '/index.html'],
    ['POST', '/webhook'],
    ['POST', '/setup'],
    ['POST', '/predict'],
    ['POST', '/train'],
    ['GET', '/versions'],
    ['GET', '/metrics'],
  ])('%s %s needs the secret', async (method, path) => {
    expect((await ask(relay, path, { method, ...box })).status).toBe(401);
    const known = await ask(relay, path, { method, ...box, authorization: basic('forelabel', secret) });
    expect(known.status).not.toBe(401);
  });

  it('only its health, the login page and the files of the app are open', async () => {
    expect((await ask(relay, '/health', box)).status).toBe(200);
    expect(await (await ask(relay, '/assets/main-1.js', box)).text()).toBe('run()');
    const page = await ask(relay, '/', { accept: 'text/html', ...box });
    expect(page.status).toBe(401);
    expect(await page.text()).not.toContain('the app');
    expect(page.headers.get('set-cookie')).toBeNull();
  });

  it('the form logs in', async () => {
    const type = { 'content-type': 'application/x-www-form-urlencoded', ...box };
    const wrong = await ask(relay, '/api/session', { method: 'POST', body: 'secret=no', ...type });
    expect(wrong.status).toBe(401);
    expect(await wrong.text()).toContain('role="alert"');
    // It can be sent again from there.
    expect(wrong.headers.get('content-security-policy')).not.toContain('sandbox');
    const right = await ask(relay, '/api/session', { method: 'POST', body: `secret=${secret}`, ...type });
    expect(right.status).toBe(303);
    expect(right.headers.get('location')).toBe('/');
    expect(right.headers.get('set-cookie')).toContain('Max-Age=2592000');
    const page = await ask(relay, '/', { accept: 'text/html', cookie: cookieOf(right), ...box });
    expect(await page.text()).toContain('the app');
  });

  it('programs log in with JSON', async () => {
    const type = { method: 'POST', 'content-type': 'application/json', ...box };
    expect((await ask(relay, '/api/session', { ...type, body: '{"secret":"no"}' })).status).toBe(401);
    expect((await ask(relay, '/api/session', { ...type, body: 'not json' })).status).toBe(401);
    const right = await ask(relay, '/api/session', { ...type, body: JSON.stringify({ secret }) });
    expect(right.status).toBe(204);
    expect((await ask(relay, '/api/jobs', { cookie: cookieOf(right), ...box })).status).toBe(200);
  });

  it('guessing is slowed down, whoever asks by whatever way', async () => {
    const guessed = relayAt('0.0.0.0');
    for (let guess = 0; guess < 10; guess += 1) {
      const answer = await ask(guessed, '/api/jobs', { authorization: `Bearer guess-${guess}`, ...box });
      expect(answer.status).toBe(401);
    }
    const answer = await ask(guessed, '/api/jobs', { authorization: `Bearer ${secret}`, ...box });
    expect(answer.status).toBe(429);
    expect(answer.headers.get('retry-after')).toBe('60');
    const body = JSON.stringify({ secret });
    const login = { method: 'POST', body, 'content-type': 'application/json', ...box };
    expect((await ask(guessed, '/api/session', login)).status).toBe(429);
  });
});

describe('attempts', () => {
  it('are forgotten after a minute', () => {
    let now = 0;
    const attempts = createAttempts(() => now);
    for (let guess = 0; guess < 10; guess += 1) attempts.wrong('a', `guess ${guess}`);
    expect(attempts.isBlocked('a', 'right')).toBe(true);
    expect(attempts.isBlocked('b', 'right')).toBe(false);
    now = 60_000;
    expect(attempts.isBlocked('a', 'right')).toBe(false);
  });

  it('one old secret that is repeated blocks itself only', () => {
    const attempts = createAttempts(() => 0);
    for (let time = 0; time < 10; time += 1) attempts.wrong('a', 'old');
    expect(attempts.isBlocked('a', 'old')).toBe(true);
    expect(attempts.isBlocked('a', 'right')).toBe(false);
  });
});

describe('requests of other sites', () => {
  let relay: Hono;
  beforeAll(() => {
    relay = relayAt('127.0.0.1', { hosts: ['label.example.org'] });
  });

  it('may not read the interface', async () => {
    const read = async (headers: Record<string, string>, path = '/api/jobs') =>
      (await ask(relay, path, headers)).status;
    expect(await read({ origin: 'http://localhost:8080' })).toBe(403);
    expect(await read({ origin: 'null' })).toBe(403);
    expect(await read({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await read({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await read({ 'sec-fetch-site': 'same-site' }, '/api/media?url=/data/upload/1/a.jpg')).toBe(403);
    expect(await read({ 'sec-fetch-site': 'cross-site' }, '/metrics')).toBe(403);
    expect(await read({ 'sec-fetch-site': 'same-origin', origin: 'http://127.0.0.1:9090' })).toBe(200);
    expect(await read({ 'sec-fetch-site': 'none' })).toBe(200);
    expect(await read({})).toBe(200);
  });

  it('may not change anything, whatever they know', async () => {
    const authorization = `Bearer ${secret}`;
    const post = async (headers: Record<string, string>, path = '/api/jobs') =>
      (await ask(relay, path, { method: 'POST', authorization, ...headers })).status;
    expect(await post({ origin: 'https://evil.example' })).toBe(403);
    expect(await post({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await post({ origin: 'https://evil.example' }, '/webhook')).toBe(403);
    expect(await post({ origin: 'https://label.example.org' })).toBe(200);
  });

  it('may load the files of the app', async () => {
    const headers = { origin: 'http://localhost:8080', 'sec-fetch-site': 'same-site' };
    expect((await ask(relay, '/assets/main-1.js', headers)).status).toBe(200);
  });
});

describe('bodies', () => {
  it.each([
    ['/api/jobs', 1, 413],
    ['/api/results', 20, 413],
    ['/webhook', 10, 400],
    ['/predict', 20, 400],
  ])('of %s end at %d MB', async (path, megabytes, status) => {
    const relay = relayAt('127.0.0.1');
    const authorization = `Bearer ${secret}`;
    const body = 'x'.repeat(megabytes * 1024 * 1024 + 1);
    const headers = { authorization, 'content-length': String(body.length) };
    const answer = await ask(relay, path, { method: 'POST', body, ...headers });
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain(`More than ${megabytes} MB`);
    // The length may also be kept from us.
    expect((await ask(relay, path, { method: 'POST', body, authorization })).status).toBe(status);
  });
});

it('no secret is in any log', () => {
  expect(logged.length).toBeGreaterThan(50);
  const text = logged.join('');
  for (const hidden of [secret, btoa(`forelabel:${secret}`), 'guess-']) expect(text).not.toContain(hidden);
  expect(text).not.toMatch(/forelabel=[\w-]{20}/u);
});
