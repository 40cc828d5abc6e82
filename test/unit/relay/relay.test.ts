import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRelay } from '../../../src/relay/app.ts';
import { listModels } from '../../../src/relay/modelCatalog.ts';
import type { ModelList } from '../../../src/relay/modelRoutes.ts';
import { writeModelFolder } from './modelFolder.ts';

let folder: string;
let relay: Hono;
let model: { version: string; sha256: string };
const logged: string[] = [];

const make = (host: string): Hono =>
  createRelay({
    appDir: join(folder, 'app'),
    models: () => listModels([{ path: join(folder, 'models'), origin: 'bundled' }]),
    host,
    log: pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) }),
    extend: (app) => {
      app.post('/change', (c) => c.text('changed'));
      app.get('/boom', () => {
        throw new Error('a detail');
      });
    },
  });
const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  Promise.resolve(relay.request(path, { headers: { host: '127.0.0.1:9090', ...headers } }));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forelabel-relay-'));
  await mkdir(join(folder, 'app', 'assets'), { recursive: true });
  await writeFile(join(folder, 'app', 'index.html'), '<!doctype html><title>app</title>');
  await writeFile(join(folder, 'app', 'assets', 'ort-1a2b3c.wasm'), 'wasm bytes');
  await writeFile(join(folder, 'app', 'assets', 'worker-1a2b3c.mjs'), 'export {}');
  await writeFile(join(folder, 'secret.txt'), 'not yours');
  model = await writeModelFolder(join(folder, 'models'), { name: 'demo', bytes: '0123456789' });
  relay = make('127.0.0.1');
});
afterAll(() => rm(folder, { recursive: true }));

describe('the app', () => {
  it('is isolated, so that wasm may use threads, and so are its worker scripts', async () => {
    for (const path of ['/', '/assets/worker-1a2b3c.mjs']) {
      const { headers, status } = await get(path);
      expect(status).toBe(200);
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    }
  });

  it('runs its own scripts only, and may call a Label Studio anywhere', async () => {
    const { headers } = await get('/');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval'");
    expect(policy).toContain("worker-src 'self' blob:");
    expect(policy).toContain("connect-src 'self' *");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('strict-transport-security')).toBeNull();
  });

  it('serves types that browsers insist on', async () => {
    expect((await get('/assets/ort-1a2b3c.wasm')).headers.get('content-type')).toBe('application/wasm');
    expect((await get('/assets/worker-1a2b3c.mjs')).headers.get('content-type')).toMatch(
      /^text\/javascript/u,
    );
  });

  it('keeps hashed files for good and asks again for the page', async () => {
    expect((await get('/assets/ort-1a2b3c.wasm')).headers.get('cache-control')).toContain('immutable');
    expect((await get('/')).headers.get('cache-control')).toBe('no-cache');
    expect((await get('/assets/gone.mjs')).headers.get('cache-control')).toBeNull();
  });

  it('answers a deep link with the page, and a missing file with 404', async () => {
    const page = await get('/projects/7', { accept: 'text/html' });
    expect(await page.text()).toContain('<title>app');
    expect((await get('/assets/gone.mjs', { accept: 'text/html' })).status).toBe(404);
    expect((await get('/projects/7', { accept: 'application/json' })).status).toBe(404);
  });

  it('says what to do when it is not built', async () => {
    const bare = createRelay({
      appDir: join(folder, 'nothing'),
      models: () => listModels([]),
      host: '127.0.0.1',
      log: pino({ level: 'silent' }),
    });
    const answer = await bare.request('http://127.0.0.1/', {});
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('npm run build');
  });
});

describe('paths', () => {
  it.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/models/demo/..%2f..%2fsecret.txt',
    '/models/..%2f/secret.txt',
    '/models/demo/config.py',
    '/models/demo/checkpoint.pth',
    '/models/demo/nothing',
    '/models/other/model.onnx',
  ])('never leave the folders or the manifest: %s', async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toContain('yours');
  });
});

describe('models', () => {
  it('are listed with their manifests and the address of their files', async () => {
    const list = (await (await get('/models')).json()) as ModelList;
    expect(list.models).toHaveLength(1);
    expect(list.models[0]).toMatchObject({
      name: 'demo',
      version: model.version,
      origin: 'bundled',
      url: `/models/${model.version}/`,
      manifest: { classes: ['face'] },
    });
  });

  it('are served by version and by name, tagged with the hash of the manifest', async () => {
    for (const name of ['demo', model.version]) {
      const answer = await get(`/models/${name}/model.onnx`);
      expect(await answer.text()).toBe('0123456789');
      expect(answer.headers.get('etag')).toBe(`"${model.sha256}"`);
    }
    expect((await get('/models/demo/model.json')).headers.get('content-type')).toContain('application/json');
  });

  it('are not sent again when the browser has them', async () => {
    const answer = await get('/models/demo/model.onnx', { 'if-none-match': `"${model.sha256}"` });
    expect(answer.status).toBe(304);
    expect(await answer.text()).toBe('');
  });

  it('can be had in parts, so that a broken download goes on', async () => {
    const answer = await get('/models/demo/model.onnx', { range: 'bytes=4-' });
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-range')).toBe('bytes 4-9/10');
    expect(await answer.text()).toBe('456789');
  });
});

describe('guards', () => {
  it.each(['127.0.0.1:9090', 'localhost:9090', '[::1]:9090', 'LOCALHOST'])('answer %s', async (host) => {
    expect((await get('/', { host })).status).toBe(200);
  });

  it.each(['evil.example', 'evil.example:9090', '127.0.0.1.evil.example', 'localhost@evil.example', ''])(
    'refuse the name %s of another machine (DNS rebinding)',
    async (host) => {
      const answer = await get('/models', { host });
      expect(answer.status).toBe(403);
      expect(await answer.text()).not.toContain('demo');
    },
  );

  it('answer the network under any name when they are bound to it', async () => {
    const open = make('0.0.0.0');
    expect((await open.request('/health', { headers: { host: 'box.lan:9090' } })).status).toBe(200);
  });

  it('refuse a change that the page of another site asks for', async () => {
    const post = async (origin?: string): Promise<number> => {
      const headers = { host: 'localhost:9090', ...(origin === undefined ? {} : { origin }) };
      return (await relay.request('/change', { method: 'POST', headers })).status;
    };
    expect(await post('http://localhost:9090')).toBe(200);
    expect(await post()).toBe(200);
    expect(await post('http://localhost:8080')).toBe(403);
    expect(await post('https://evil.example')).toBe(403);
    expect(await post('null')).toBe(403);
  });
});

describe('the rest', () => {
  it('says who it is', async () => {
    expect(await (await get('/health')).json()).toMatchObject({ status: 'UP', app: 'forelabel' });
  });

  it('logs no query and no header', async () => {
    logged.length = 0;
    await get('/models?token=hush', { authorization: 'Token hush' });
    expect(logged.join('')).toContain('/models');
    expect(logged.join('')).not.toContain('hush');
  });

  it('keeps the inside of a failure to its log', async () => {
    const answer = await get('/boom');
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('a detail');
  });
});
