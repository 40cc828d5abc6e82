/** The connection that stays, between the page's engine and a relay: as a browser opens it, through a real server. */
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import { createRelayEngine } from '../../../src/engine/client/relayEngine.ts';
import type { DetectResult } from '../../../src/engine/types.ts';
import { EnginePool, nativeEngines } from '../../../src/relay/engine/enginePool.ts';
import type { DetectServiceOptions } from '../../../src/relay/engine/detectService.ts';
import { engineRoutes } from '../../../src/relay/engine/engineRoutes.ts';
import { listModels } from '../../../src/relay/modelCatalog.ts';
import { serveRelay, type RelayServer } from '../../../src/relay/server.ts';
import { drawing, tinyModel, tinyModelDir } from '../../support/tinyModelNode.ts';

const secret = 'a-secret-of-this-installation';
const bearer = { authorization: `Bearer ${secret}` };
const models = () =>
  listModels([{ path: fileURLToPath(new URL('../../fixtures', import.meta.url)), origin: 'own' }]);

let pool: EnginePool;
let server: RelayServer;
/** The pool, or what a test puts in its place. */
let engines: DetectServiceOptions['engines'];
/** Images that went in requests of their own. */
let requests: number;
let sockets: WebSocket[];

const serve = () =>
  serveRelay({
    ...{ appDir: tinyModelDir, models, host: '127.0.0.1', port: 0, secret, log: pino({ level: 'silent' }) },
    api: (api) =>
      void api.route(
        '/',
        engineRoutes({
          models,
          engines: { info: (model) => engines.info(model), detect: (...args) => engines.detect(...args) },
        }),
      ),
  });
beforeAll(async () => {
  pool = new EnginePool(nativeEngines({ gpu: false }));
  server = await serve();
});
afterAll(async () => {
  await server.close();
  await pool.close();
});

/** A page sends its cookie; Node has none. @param headers of the connection */
function asPage(headers: Readonly<Record<string, string>> = bearer): void {
  class PageSocket extends WebSocket {
    constructor(address: string) {
      super(address, { headers } satisfies ClientOptions);
      // A browser says nothing aloud.
      this.on('error', () => undefined);
      sockets.push(this);
    }
  }
  vi.stubGlobal('WebSocket', PageSocket);
}
beforeEach(() => {
  [engines, requests, sockets] = [pool, 0, []];
  const real = globalThis.fetch;
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    if (url.includes('/detect')) requests += 1;
    return real(url, { ...init, headers: { ...(init.headers as Record<string, string>), ...bearer } });
  });
  asPage();
});
afterEach(() => vi.unstubAllGlobals());

const picture = async (width = 200) => new Blob([new Uint8Array(await drawing(width, 150).png().toBuffer())]);
async function open(relay = server.url) {
  const { manifest } = await tinyModel();
  const engine = await createRelayEngine({ manifest, relay });
  return engine;
}
/** The engine, once its connection is there. */
async function connected(relay?: string) {
  const engine = await open(relay);
  await expect.poll(() => sockets[0]?.readyState).toBe(WebSocket.OPEN);
  return engine;
}

/** Engines whose images end when they are told to. */
function waiting() {
  const signals: AbortSignal[] = [];
  const result: DetectResult = {
    ...{ width: 1, height: 1, detections: [] },
    timings: { decode: 0, preprocess: 0, infer: 0, postprocess: 0, total: 0 },
  };
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  engines = {
    info: (model) => pool.info(model),
    async detect(_model, _image, signal) {
      signals.push(signal);
      await held;
      return result;
    },
  };
  return { signals, letGo: () => letGo() };
}

test('images go over one connection, each to its own answer', async () => {
  const engine = await connected();
  const widths = [60, 70, 80, 90, 100, 110, 120, 130];
  const found = await Promise.all(widths.map(async (width) => engine.detect(await picture(width))));
  expect(found.map(({ width }) => width)).toEqual(widths);
  expect([requests, sockets.length]).toEqual([0, 1]);
  const { transfer = 0, total, ...stages } = found[0]?.timings ?? { total: 0 };
  expect(total).toBeCloseTo(Object.values(stages).reduce((sum, ms) => sum + ms, 0) + transfer, 3);
  await engine.dispose();
});

test.each([
  ['image-empty', new Blob([])],
  ['image-not-an-image', new Blob(['<html>log in</html>'])],
])('a bad image is said as over HTTP: %s', async (code, image) => {
  const engine = await connected();
  await expect(engine.detect(image)).rejects.toMatchObject({ name: 'EngineError', code });
  expect((await engine.detect(await picture())).width).toBe(200);
  await engine.dispose();
});

test('an image that is called back leaves the relay', async () => {
  const { signals, letGo } = waiting();
  const engine = await connected();
  const abort = new AbortController();
  const found = engine.detect(await picture(), { signal: abort.signal });
  await expect.poll(() => signals.length).toBe(1);
  abort.abort(new Error('not wanted'));
  await expect(found).rejects.toThrow('not wanted');
  await expect.poll(() => signals[0]?.aborted).toBe(true);
  letGo();
  await engine.dispose();
});

test('a page that goes away takes its images with it', async () => {
  const { signals, letGo } = waiting();
  const engine = await connected();
  const found = engine.detect(await picture());
  await expect.poll(() => signals.length).toBe(1);
  await engine.dispose();
  await expect(found).rejects.toMatchObject({ code: 'disposed' });
  await expect.poll(() => signals[0]?.aborted).toBe(true);
  letGo();
});

test('a connection that breaks costs no image: it goes in a request of its own', async () => {
  const { signals, letGo } = waiting();
  const engine = await connected();
  const found = engine.detect(await picture());
  await expect.poll(() => signals.length).toBe(1);
  sockets[0]?.terminate();
  await expect.poll(() => signals.length).toBe(2);
  letGo();
  expect((await found).width).toBe(1);
  expect(requests).toBe(1);
  await engine.dispose();
});

test('where none is let through, every image goes in a request of its own', async () => {
  asPage({ authorization: 'Bearer wrong' });
  const engine = await open();
  await expect.poll(() => sockets[0]?.readyState).toBe(WebSocket.CLOSED);
  expect((await engine.detect(await picture())).width).toBe(200);
  expect([requests, sockets.length]).toEqual([1, 1]);
  await engine.dispose();
});

const refused = (headers: Readonly<Record<string, string>>): Promise<number | undefined> =>
  new Promise((resolve) => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/engine/socket?model=x&page=a`, {
      headers,
    });
    socket.on('unexpected-response', (_request, answer) => resolve(answer.statusCode));
    socket.on('open', () => resolve(undefined));
    socket.on('error', () => undefined);
  });

test('opens for nobody who does not know the secret, nor for the pages of others', async () => {
  expect(await refused({})).toBe(401);
  expect(await refused({ authorization: 'Bearer wrong' })).toBe(401);
  expect(await refused({ ...bearer, origin: 'https://evil.example' })).toBe(403);
  expect(await refused({ ...bearer, host: 'evil.example' })).toBe(403);
  expect(await refused(bearer)).toBeUndefined();
});

test('what is no call ends the connection', async () => {
  const engine = await connected();
  const closed = new Promise<number>((resolve) => sockets[0]?.on('close', resolve));
  sockets[0]?.send('{"image":1}');
  expect(await closed).toBe(1003);
  expect((await engine.detect(await picture())).width).toBe(200);
  expect(requests).toBe(1);
  await engine.dispose();
});

test('a relay that ends ends its connections', async () => {
  const other = await serve();
  const engine = await connected(other.url);
  const started = performance.now();
  await other.close();
  expect(performance.now() - started).toBeLessThan(1500);
  await expect.poll(() => sockets[0]?.readyState).toBe(WebSocket.CLOSED);
  await engine.dispose();
});
