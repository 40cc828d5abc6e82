import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createRelayEngine } from '../../../src/engine/client/relayEngine.ts';
import { createNativeEngine } from '../../../src/engine/native/createNativeEngine.ts';
import type { Engine } from '../../../src/engine/types.ts';
import { EnginePool, nativeEngines } from '../../../src/relay/engine/enginePool.ts';
import type { DetectServiceOptions } from '../../../src/relay/engine/detectService.ts';
import { engineRoutes } from '../../../src/relay/engine/engineRoutes.ts';
import { listModels } from '../../../src/relay/modelCatalog.ts';
import { serveRelay, type RelayServer } from '../../../src/relay/server.ts';
import { doorTo, type Door } from '../../support/awayServer.ts';
import { drawing, tinyModel, tinyModelDir } from '../../support/tinyModelNode.ts';

const secret = 'a-secret-of-this-installation';
const models = () =>
  listModels([{ path: fileURLToPath(new URL('../../fixtures', import.meta.url)), origin: 'own' }]);

let pool: EnginePool;
let server: RelayServer;
/** In front of the relay, to be closed when it is to be away. */
let door: Door;
/** What is done to an answer on its way. */
let meddle: (answer: Response) => Response | Promise<Response>;
/** Images on their way now, and the most there ever were. */
let flight: { now: number; most: number; sent: number };
/** The pool, or what a test puts in its place. */
let engines: DetectServiceOptions['engines'];

beforeAll(async () => {
  pool = new EnginePool(nativeEngines({ gpu: false }));
  const asked: DetectServiceOptions['engines'] = {
    info: (model) => engines.info(model),
    detect: (...args) => engines.detect(...args),
  };
  server = await serveRelay({
    ...{ appDir: tinyModelDir, models, host: '127.0.0.1', port: 0, secret, log: pino({ level: 'silent' }) },
    api: (api) => void api.route('/', engineRoutes({ models, engines: asked })),
  });
  door = await doorTo(server.url);
});
afterAll(async () => {
  await door.stop();
  await server.close();
  await pool.close();
});
beforeEach(() => {
  engines = pool;
  meddle = (answer) => answer;
  flight = { now: 0, most: 0, sent: 0 };
  const real = globalThis.fetch;
  // A page sends its cookie; Node has none.
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    flight.now += 1;
    flight.sent += 1;
    flight.most = Math.max(flight.most, flight.now);
    const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${secret}` };
    try {
      return await meddle(await real(url, { ...init, headers }));
    } finally {
      flight.now -= 1;
    }
  });
});
afterEach(() => vi.unstubAllGlobals());

const open = async (): Promise<Engine> => {
  const { manifest } = await tinyModel();
  return createRelayEngine({ manifest, relay: door.url });
};
const picture = async (width = 200) => new Blob([new Uint8Array(await drawing(width, 150).png().toBuffer())]);
const answering = (status: number, body: object | string) => () =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), { status });

test('finds the very boxes of the native engine, and says where the time went', async () => {
  const engine = await open();
  expect(engine.info).toMatchObject({
    backend: 'relay',
    device: 'CPU of the machine that Forelabel runs on',
  });
  const native = await createNativeEngine({ modelDir: tinyModelDir });
  const [here, there] = [await native.detect(await picture()), await engine.detect(await picture())];
  await native.dispose();
  expect(there.detections.length).toBeGreaterThan(3);
  expect([there.width, there.height, there.detections]).toEqual([200, 150, here.detections]);
  const { decode, preprocess, infer, postprocess, transfer = 0, total } = there.timings;
  expect(transfer).toBeGreaterThan(0);
  expect(total).toBeCloseTo(decode + preprocess + infer + postprocess + transfer, 3);
});

test('keeps three images on their way, however many are handed in', async () => {
  const engine = await open();
  const widths = [60, 70, 80, 90, 100, 110, 120, 130];
  const found = await Promise.all(widths.map(async (width) => engine.detect(await picture(width))));
  expect(found.map(({ width }) => width)).toEqual(widths);
  expect(flight.most).toBe(3);
});

test.each([
  ['image-empty', new Blob([])],
  ['image-not-an-image', new Blob(['<html>log in</html>'])],
])('a bad image is that image’s fault and is not sent twice: %s', async (code, image) => {
  const engine = await open();
  flight.sent = 0;
  await expect(engine.detect(image)).rejects.toMatchObject({ name: 'EngineError', code });
  expect(flight.sent).toBe(1);
});

test('a relay that is away for a moment costs no image', async () => {
  const engine = await open();
  await door.close();
  const sent = engine.detect(await picture());
  setTimeout(() => void door.open(), 100);
  await expect(sent).resolves.toMatchObject({ width: 200 });
});

test('a relay that stays away is an error after one retry, and the next image is tried anew', async () => {
  const engine = await open();
  await door.close();
  flight.sent = 0;
  await expect(engine.detect(await picture())).rejects.toMatchObject({
    ...{ code: 'relay-failed', detail: 'it does not answer' },
  });
  expect(flight.sent).toBe(2);
  await expect(open()).rejects.toMatchObject({ code: 'relay-failed' });
  await door.open();
  await expect(engine.detect(await picture())).resolves.toMatchObject({ width: 200 });
});

test.each([
  ['it does not have this model', answering(404, { error: { code: 'model-not-found', message: 'x' } })],
  ['it does not know this page any more; reload it', answering(401, 'no')],
  ['it answered 500', answering(500, 'oh')],
  ['it is ending', answering(503, { error: { code: 'disposed', message: 'x' } })],
  ['its answer was cut off or is no JSON', answering(200, '{"width":')],
  ['its answer is not of this version', answering(200, { width: 'wide' })],
])('a relay that cannot be used: %s', async (detail, answer) => {
  const engine = await open();
  meddle = answer;
  await expect(engine.detect(await picture())).rejects.toMatchObject({ code: 'relay-failed', detail });
  await expect(open()).rejects.toMatchObject({ code: 'relay-failed', detail });
});

test('what its engine says comes over as it is', async () => {
  const engine = await open();
  const message = 'The model gave wrong numbers.';
  meddle = answering(503, { error: { code: 'self-test', message, detail: 'cls_0 is off' } });
  await expect(engine.detect(await picture())).rejects.toMatchObject({
    code: 'self-test',
    detail: 'cls_0 is off',
  });
  meddle = answering(413, { error: { code: 'too-large', message } });
  await expect(engine.detect(await picture())).rejects.toMatchObject({ code: 'image-too-large' });
});

test('abort is immediate, calls the image back, and frees its place', async () => {
  const engine = await open();
  const signals: AbortSignal[] = [];
  engines = {
    info: (model) => pool.info(model),
    detect: (_model, _image, signal) => {
      signals.push(signal);
      return new Promise(() => undefined);
    },
  };
  const abort = new AbortController();
  const reason = new Error('enough');
  const image = await picture();
  const all = [1, 2, 3].map(() => engine.detect(image, { signal: abort.signal }));
  await expect.poll(() => signals.length).toBe(3);
  abort.abort(reason);
  // Nobody waits for the relay, which never answers.
  for (const each of all) await expect(each).rejects.toBe(reason);
  await expect.poll(() => signals.every(({ aborted }) => aborted)).toBe(true);
});

test('dispose reaches every image', async () => {
  const engine = await open();
  const image = await picture();
  const all = [1, 2, 3, 4, 5].map(() => engine.detect(image));
  await engine.dispose();
  for (const each of all) await expect(each).rejects.toMatchObject({ code: 'disposed' });
});
