import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { webOrigin } from '../../../src/labelstudio/address.ts';
import type { PanelOriginList } from '../../../src/panel/origins.ts';
import { createRelay } from '../../../src/relay/app.ts';
import { openDatabase } from '../../../src/relay/database.ts';
import { panelOrigins, type PanelOrigins } from '../../../src/relay/panel/panelOrigins.ts';
import { panelRoutes } from '../../../src/relay/panel/panelRoutes.ts';

const secret = 'a-secret-of-this-installation';
const labelStudio = 'http://localhost:8080';
let home: string;
let origins: PanelOrigins;
let relay: Hono;
let close: () => void;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'forelabel-panel-'));
  const appDir = join(home, 'app');
  await mkdir(appDir);
  for (const page of ['index.html', 'panel.html', 'engine.html']) {
    await writeFile(join(appDir, page), `<!doctype html><title>${page}</title>`);
  }
  await writeFile(join(appDir, 'bridge.js'), 'bridge()');
  await writeFile(join(appDir, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  const database = await openDatabase(home);
  close = () => database.close();
  origins = panelOrigins(database);
  relay = createRelay({
    ...{ appDir, secret, host: '127.0.0.1' },
    models: () => Promise.resolve({ models: [], problems: [] }),
    log: pino({ level: 'silent' }),
    panelOrigins: async () => (await origins.list()).map(({ origin }) => origin),
    api: (api) => void api.route('/', panelRoutes(origins)),
  });
});
afterEach(async () => {
  close();
  await rm(home, { recursive: true });
});

const ask = (path: string, init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {}) =>
  Promise.resolve(relay.request(path, { ...init, headers: { host: '127.0.0.1:9090', ...init.headers } }));
const directive = (answer: Response, name: string): string =>
  new RegExp(`${name} ([^;]*)`, 'u').exec(answer.headers.get('content-security-policy') ?? '')?.[1] ?? '';

/** What the app's own page sends when the user presses 'Allow'. */
async function fromApp(path: string, init: { method: string; body?: string }): Promise<Response> {
  const page = await ask('/', { headers: { accept: 'text/html' } });
  const cookie = page.headers.get('set-cookie')?.split(';')[0] ?? '';
  return ask(path, {
    ...init,
    headers: {
      'content-type': 'application/json',
      cookie,
      origin: 'http://127.0.0.1:9090',
      'sec-fetch-site': 'same-origin',
    },
  });
}
const allow = (origin: unknown) =>
  fromApp('/api/panel/origins', { method: 'POST', body: JSON.stringify({ origin }) });
const listed = async (answer: Response): Promise<string[]> =>
  ((await answer.json()) as PanelOriginList).origins.map(({ origin }) => origin);

describe("the panel's page", () => {
  it('may be framed by nobody until the user has allowed somebody', async () => {
    expect(directive(await ask('/panel.html'), 'frame-ancestors')).toBe("'none'");
  });

  it('may be framed by what is allowed, from the next request on, and no longer than that', async () => {
    await allow(labelStudio);
    await allow('https://label.example.org');
    const answer = await ask('/panel.html');
    expect(directive(answer, 'frame-ancestors')).toBe(`${labelStudio} https://label.example.org`);
    expect(answer.headers.get('x-frame-options')).toBeNull();
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const removed = await fromApp(`/api/panel/origins?origin=${encodeURIComponent(labelStudio)}`, {
      method: 'DELETE',
    });
    expect(await listed(removed)).toEqual(['https://label.example.org']);
    expect(directive(await ask('/panel.html'), 'frame-ancestors')).toBe('https://label.example.org');
  });

  it('may not be framed any more after a DELETE without a body, which Node’s server takes too', async () => {
    await allow(labelStudio);
    // As the relay serves: with other global objects the fault does not show.
    const server = createAdaptorServer({ fetch: relay.fetch, overrideGlobalObjects: false });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    const page = await fetch(url, { headers: { accept: 'text/html' } });
    const cookie = page.headers.get('set-cookie')?.split(';')[0] ?? '';
    const removed = await new Promise<number | undefined>((resolve, reject) => {
      // Unlike `fetch` of Node, a browser announces no length.
      const sent = request(
        `${url}/api/panel/origins?origin=${encodeURIComponent(labelStudio)}`,
        { method: 'DELETE', headers: { cookie, origin: url, 'sec-fetch-site': 'same-origin' } },
        (answer) => resolve(answer.resume().statusCode),
      );
      sent.on('error', reject).end();
    });
    await new Promise((resolve) => server.close(resolve));
    expect(removed).toBe(200);
    expect(await origins.list()).toEqual([]);
  });

  it('is not isolated, and calls nobody but this server', async () => {
    const answer = await ask('/panel.html');
    expect(await answer.text()).toContain('panel.html');
    expect(answer.headers.get('cross-origin-embedder-policy')).toBeNull();
    expect(answer.headers.get('cross-origin-opener-policy')).toBeNull();
    expect(directive(answer, 'connect-src')).toBe("'self' blob: data:");
    expect(directive(answer, 'img-src')).toBe("'self' blob: data:");
    expect(directive(answer, 'script-src')).toBe("'self' 'wasm-unsafe-eval'");
  });

  it.each(['/', '/index.html', '/engine.html', '/icon.svg', '/anything', '/api/panel/origins', '/bridge.js'])(
    'is the only one whose frame is anybody’s business: %s',
    async (path) => {
      await allow(labelStudio);
      const answer = await ask(path, { headers: { accept: 'text/html' } });
      expect(answer.headers.get('content-security-policy')).not.toContain(labelStudio);
      expect(answer.headers.get('x-frame-options')).toBe('SAMEORIGIN');
      expect(answer.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
    },
  );

  it.each(['//panel.html', '/%70anel.html', '/./panel.html', '/panel.html/', '/PANEL.HTML'])(
    'under another spelling is framed by nobody else: %s',
    async (path) => {
      await allow(labelStudio);
      const answer = await ask(path, { headers: { accept: 'text/html' } });
      const ancestors = directive(answer, 'frame-ancestors');
      // The normalized spellings are the page itself.
      expect([labelStudio, "'self'"]).toContain(ancestors);
      if (ancestors === "'self'") expect(answer.headers.get('x-frame-options')).toBe('SAMEORIGIN');
    },
  );

  it('is behind the login where the relay is reached over the network', async () => {
    await allow(labelStudio);
    const answer = await ask('/panel.html', {
      headers: { accept: 'text/html', 'x-forwarded-for': '203.0.113.9' },
    });
    expect(answer.status).toBe(401);
    expect(directive(answer, 'frame-ancestors')).toBe("'self'");
  });
});

describe('the bridge', () => {
  it('may be loaded by any page, other scripts by none', async () => {
    const policy = async (path: string) => (await ask(path)).headers.get('cross-origin-resource-policy');
    expect(await policy('/bridge.js')).toBe('cross-origin');
    expect(await policy('/icon.svg')).toBe('same-origin');
    expect(await policy('/panel.html')).toBe('same-origin');
  });
});

describe('the list', () => {
  it('is read by pages of this server without the secret, and keeps an origin once', async () => {
    await allow(labelStudio);
    expect(await listed(await allow(`${labelStudio}/`))).toEqual([labelStudio]);
    const answer = await ask('/api/panel/origins', { headers: { 'sec-fetch-site': 'same-origin' } });
    expect(await listed(answer)).toEqual([labelStudio]);
  });

  it.each([
    ['no secret', { 'sec-fetch-site': 'same-origin' }, 401],
    ['another origin', { origin: 'http://localhost:8080', authorization: `Bearer ${secret}` }, 403],
    ['another site', { 'sec-fetch-site': 'cross-site', authorization: `Bearer ${secret}` }, 403],
    [
      'another port of this machine',
      { 'sec-fetch-site': 'same-site', authorization: `Bearer ${secret}` },
      403,
    ],
    ['a sandboxed frame', { origin: 'null', authorization: `Bearer ${secret}` }, 403],
  ])('is not changed with %s', async (_, headers, status) => {
    const answer = await ask('/api/panel/origins', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ origin: 'http://evil.example' }),
    });
    expect(answer.status).toBe(status);
    expect(await origins.list()).toEqual([]);
  });

  it('is not read by the page of another site', async () => {
    await allow(labelStudio);
    for (const headers of [{ origin: labelStudio }, { 'sec-fetch-site': 'same-site' }]) {
      expect((await ask('/api/panel/origins', { headers })).status).toBe(403);
    }
  });

  it.each([
    'null',
    '',
    '*',
    'localhost:8080',
    'http://*',
    'http://*.example.org',
    'http://localhost:8080/projects',
    'http://user@localhost:8080',
    'http://a;script-src *',
    'http://a;b',
    'http://a,b',
    "http://a'b",
    'http://a b',
    'http://[::1]:8080',
    'file:///etc',
    'javascript:alert(1)',
    'data:text/html,x',
    'chrome-extension://abc',
    7,
    null,
  ])('takes origins of web pages only: %j', async (origin) => {
    const answer = await allow(origin);
    expect(answer.status).toBe(400);
    expect(await origins.list()).toEqual([]);
  });

  it('has an end', async () => {
    for (let i = 0; i < 100; i += 1) expect(await origins.allow(`http://host-${i}`)).toBe(true);
    expect((await allow('http://one-more')).status).toBe(409);
    expect((await allow('http://host-7')).status).toBe(200);
    expect(await origins.list()).toHaveLength(100);
  });
});

describe('an origin', () => {
  it('is what the browser says it is', () => {
    expect(webOrigin('http://LOCALHOST:8080')).toBeNull();
    expect(webOrigin('https://label.example.org:443')).toBeNull();
    expect(webOrigin('https://label_studio')).toBe('https://label_studio');
    expect(webOrigin('http://192.168.1.5:8080/')).toBe('http://192.168.1.5:8080');
    expect(webOrigin('http://xn--bcher-kva.example')).toBe('http://xn--bcher-kva.example');
  });
});
