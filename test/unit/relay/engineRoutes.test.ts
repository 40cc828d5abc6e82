import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createNativeEngine } from '../../../src/engine/native/createNativeEngine.ts';
import type { DetectAnswer, EngineProblem, LoadAnswer } from '../../../src/engine/relayProtocol.ts';
import type { DetectResult } from '../../../src/engine/types.ts';
import { createRelay, type RelayOptions } from '../../../src/relay/app.ts';
import { EnginePool, nativeEngines } from '../../../src/relay/engine/enginePool.ts';
import type { DetectServiceOptions } from '../../../src/relay/engine/detectService.ts';
import { engineRoutes } from '../../../src/relay/engine/engineRoutes.ts';
import { listModels } from '../../../src/relay/modelCatalog.ts';
import { serveRelay } from '../../../src/relay/server.ts';
import { drawing, tinyModelDir } from '../../support/tinyModelNode.ts';

const secret = 'a-secret-of-this-installation';
const logged: string[] = [];
const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });

let folder: string;
let pool: EnginePool;
let relay: Hono;
let version: string;
let broken: string;
let options: (engines?: DetectServiceOptions['engines']) => RelayOptions;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forelabel-engine-'));
  await cp(tinyModelDir, join(folder, 'tiny'), { recursive: true });
  await cp(tinyModelDir, join(folder, 'broken'), { recursive: true });
  const manifest = JSON.parse(await readFile(join(folder, 'broken', 'model.json'), 'utf8')) as {
    name: string;
    golden: { outputs: Record<string, { samples: number[] }> };
  };
  manifest.name = 'broken';
  const [samples] = Object.values(manifest.golden.outputs).map((each) => each.samples);
  if (samples !== undefined) samples[0] = (samples[0] ?? 0) + 1;
  await writeFile(join(folder, 'broken', 'model.json'), JSON.stringify(manifest));
  const models = () => listModels([{ path: folder, origin: 'own' }]);
  const named = async (name: string) =>
    (await models()).models.find((model) => model.name === name)?.version ?? '';
  [version, broken] = [await named('tiny-model'), await named('broken')];
  pool = new EnginePool(nativeEngines({ gpu: false }));
  options = (engines = pool) => ({
    appDir: folder,
    models,
    host: '127.0.0.1',
    secret,
    log,
    api: (api) => void api.route('/', engineRoutes({ models, engines })),
  });
  relay = createRelay(options());
});
afterAll(async () => {
  await pool.close();
  await rm(folder, { recursive: true });
});

const bearer = { authorization: `Bearer ${secret}` };
const post = (path: string, body?: BodyInit, headers: Record<string, string> = bearer) =>
  relay.request(`http://127.0.0.1:9090/api/engine/${path}`, {
    method: 'POST',
    headers,
    ...(body !== undefined && { body }),
  });
const detect = (body: BodyInit, headers?: Record<string, string>) =>
  post(`detect?model=${version}&page=a`, body, headers);
const problem = async (answer: Response) =>
  [answer.status, ((await answer.json()) as EngineProblem).error] as const;
const picture = async () => new Blob([new Uint8Array(await drawing(200, 150).png().toBuffer())]);

it('says what a model runs on here', async () => {
  const answer = await post(`load?model=${version}`);
  expect(answer.status).toBe(200);
  const { device, warmUpMs, why, modelVersion } = (await answer.json()) as LoadAnswer;
  expect([device, modelVersion, why]).toEqual(['CPU', version, 'ONNX Runtime on the CPU was asked for.']);
  expect(warmUpMs).toBeGreaterThan(0);
});

it('finds the very boxes that the native engine finds', async () => {
  const engine = await createNativeEngine({ modelDir: tinyModelDir });
  const expected = await engine.detect(await picture());
  await engine.dispose();
  const answer = await detect(await picture());
  expect(answer.status).toBe(200);
  const found = (await answer.json()) as DetectAnswer;
  expect(found.detections.length).toBeGreaterThan(3);
  expect(found).toMatchObject({ width: 200, height: 150, detections: expected.detections });
  expect(found.heldMs).toBeGreaterThanOrEqual(found.timings.infer);
});

it.each([
  ['image-empty', new Blob([])],
  ['image-not-an-image', new Blob(['<html>log in</html>'])],
  ['image-truncated', new Blob([Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 0])])],
])('carries the code over: %s', async (code, image) => {
  const [status, error] = await problem(await detect(image));
  expect([status, error.code]).toEqual([422, code]);
  expect(error.message).toMatch(/\w+.*\. \w+/u);
});

it('a model that fails its self-test is an error of this machine, with its reason', async () => {
  for (const path of ['load', 'detect']) {
    const [status, error] = await problem(await post(`${path}?model=${broken}&page=a`, await picture()));
    expect([status, error.code]).toEqual([503, 'self-test']);
    expect(error.detail).toBeTruthy();
  }
});

it('a model that is not there is said', async () => {
  for (const path of ['load', 'detect']) {
    const [status, error] = await problem(await post(`${path}?model=gone-00000000`, 'x'));
    expect([status, error.code]).toEqual([404, 'model-not-found']);
  }
});

it('refuses whoever does not know the secret, and the pages of others', async () => {
  for (const path of ['load', 'detect']) {
    expect((await post(`${path}?model=${version}`, 'x', {})).status).toBe(401);
    expect((await post(`${path}?model=${version}`, 'x', { authorization: 'Bearer wrong' })).status).toBe(401);
    expect(
      (await post(`${path}?model=${version}`, 'x', { ...bearer, origin: 'https://evil.example' })).status,
    ).toBe(403);
    expect((await post(`${path}?model=${version}`, 'x', { ...bearer, host: 'evil.example' })).status).toBe(
      403,
    );
  }
});

it('refuses what no image is as large as, before it is read', async () => {
  const length = String(257 * 1024 * 1024);
  const [status, error] = await problem(await detect('x', { ...bearer, 'content-length': length }));
  expect([status, error.code]).toEqual([413, 'too-large']);
  const usual = { ...bearer, 'content-length': String(20 * 1024 * 1024) };
  expect((await detect(await picture(), usual)).status).toBe(200);
});

/** Engines whose images end when they are told to. */
function waiting() {
  const signals: AbortSignal[] = [];
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  const result: DetectResult = {
    ...{ width: 1, height: 1, detections: [] },
    timings: { decode: 0, preprocess: 0, infer: 0, postprocess: 0, total: 0 },
  };
  const engines: DetectServiceOptions['engines'] = {
    info: () => Promise.reject(new Error('nobody asks')),
    async detect(_model, _image, signal) {
      signals.push(signal);
      await held;
      return result;
    },
  };
  return { engines, signals, letGo: () => letGo() };
}

it('takes only so many images of one page, and others’ all the same', async () => {
  const { engines, letGo } = waiting();
  const busy = createRelay(options(engines));
  const send = async (page: string): Promise<Response> =>
    busy.request(`/api/engine/detect?model=${version}&page=${page}`, {
      method: 'POST',
      headers: bearer,
      body: 'x',
    });
  const all = Array.from({ length: 3 + 16 + 1 }, () => send('a'));
  const [status, error] = await problem(await Promise.race(all));
  expect([status, error.code]).toEqual([429, 'too-many-images']);
  const other = send('b');
  letGo();
  expect((await other).status).toBe(200);
  const codes = (await Promise.all(all)).map((answer) => answer.status);
  expect(codes.filter((code) => code === 200)).toHaveLength(19);
});

it('a page that goes away takes its images with it', async () => {
  const { engines, signals, letGo } = waiting();
  const server = await serveRelay({ ...options(engines), port: 0 });
  const abort = new AbortController();
  const url = `${server.url}/api/engine/detect?model=${version}&page=a`;
  const sent = fetch(url, { method: 'POST', headers: bearer, body: 'x', signal: abort.signal });
  sent.catch(() => undefined);
  await expect.poll(() => signals.length).toBe(1);
  expect(signals[0]?.aborted).toBe(false);
  abort.abort();
  await expect.poll(() => signals[0]?.aborted).toBe(true);
  letGo();
  await server.close();
});

it('logs nothing of an image', () => {
  const lines = logged.filter((line) => line.includes('/api/engine'));
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.join('\n')).not.toMatch(/page=|model=|log in|"err"/u);
});

it('reads the manifests for the first image of a model, not for each', async () => {
  let read = 0;
  const { models, ...rest } = options();
  const counted = () => {
    read += 1;
    return models();
  };
  const own = createRelay({
    ...rest,
    models: counted,
    api: (api) => void api.route('/', engineRoutes({ models: counted, engines: pool })),
  });
  const image = await picture();
  for (let each = 0; each < 3; each += 1) {
    const answer = await own.request(`http://127.0.0.1:9090/api/engine/detect?model=${version}`, {
      method: 'POST',
      headers: bearer,
      body: image,
    });
    expect(answer.status).toBe(200);
  }
  expect(read).toBe(1);
});
