/**
 * Label Studio's own buttons against the relay: connect a model, open a task, retrieve predictions, start a training,
 * and the webhooks that count annotations. Real Label Studio, real detector, only the training stands in.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@libsql/client';
import { pino } from 'pino';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as v from 'valibot';
import { regionToBox } from '../../src/labelstudio/regions.ts';
import { openDatabase } from '../../src/relay/database.ts';
import { EnginePool, nativeEngines } from '../../src/relay/engine/enginePool.ts';
import { createMlBackend, type MlBackend } from '../../src/relay/mlBackend/createMlBackend.ts';
import { listModels, resolveModel } from '../../src/relay/modelCatalog.ts';
import { packageFolder } from '../../src/relay/home.ts';
import { serveRelay, type RelayServer } from '../../src/relay/server.ts';
import { backendStatusSchema, projectSettingsSchema } from '../../src/training/api.ts';
import { fakeTraining } from '../support/fakeTraining.ts';
import { startLabelStudio, type LabelStudioServer } from '../support/labelStudioServer.ts';
import { orientedJpeg } from '../support/orientedImage.ts';
import { iou, readSamples, sampleBytes, type Box, type Sample } from '../support/samples.ts';

const FACES = `<View><Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image"><Label value="Face"/><Label value="Hat"/></RectangleLabels></View>`;
const openSettings = { ML_BLOCK_LOCAL_IP: 'false', SSRF_PROTECTION_ENABLED: 'false' };
const secret = 'the-installation-secret';

const predictionSchema = v.object({
  id: v.number(),
  model_version: v.string(),
  score: v.nullable(v.number()),
  result: v.array(
    v.object({
      original_width: v.number(),
      original_height: v.number(),
      score: v.number(),
      value: v.object({
        x: v.number(),
        y: v.number(),
        width: v.number(),
        height: v.number(),
        rectanglelabels: v.array(v.string()),
      }),
    }),
  ),
});
type StoredPrediction = v.InferOutput<typeof predictionSchema>;
const webhooksSchema = v.array(
  v.object({ id: v.number(), url: v.string(), headers: v.nullable(v.record(v.string(), v.string())) }),
);
const backendsSchema = v.array(
  v.object({
    id: v.number(),
    url: v.string(),
    title: v.string(),
    readable_state: v.string(),
    model_version: v.nullable(v.string()),
  }),
);

let labelStudio: LabelStudioServer;
let relay: RelayServer;
let mlBackend: MlBackend;
let database: Client;
let home: string;
let samples: readonly Sample[];
let version: string;
/** Where Label Studio is; changed by the tests that start one of their own. */
let access: { url: string; token: string };
const training = fakeTraining();
const engines = new EnginePool(nativeEngines({ gpu: true }));
const logged: string[] = [];
/** What waits for quiet before a training starts by itself; the test is the clock. */
const timers: (() => void)[] = [];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'forelabel-ml-backend-'));
  [labelStudio, samples, database] = await Promise.all([
    startLabelStudio({ env: openSettings }),
    readSamples(),
    openDatabase(home),
  ]);
  access = { url: labelStudio.url, token: labelStudio.pat };
  const folders = [
    { path: join(packageFolder, 'models'), origin: 'bundled' },
    { path: join(home, 'models'), origin: 'own' },
  ] as const;
  version = (await resolveModel('demo-face', folders)).version;
  const models = () => listModels(folders);
  const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });
  mlBackend = createMlBackend({
    ...{ database, models, training, secret, log, engines },
    findAccess: () => Promise.resolve(access),
    newestModelOf: () => Promise.resolve(null),
    publicUrl: () => relay.url,
    setTimer: (callback) => {
      timers.push(callback);
      return () => timers.splice(timers.indexOf(callback), 1);
    },
  });
  relay = await serveRelay({
    ...{ models, secret, log },
    appDir: '/nowhere',
    host: '127.0.0.1',
    port: 0,
    extend: (app) => mlBackend.root(app),
    api: (api) => mlBackend.api(api),
  });
});

afterAll(async () => {
  await relay.close();
  await mlBackend.close();
  await engines.close();
  database.close();
  await labelStudio.stop();
  await rm(home, { recursive: true, force: true });
});

async function ask(
  path: string,
  init: { method?: string; body?: unknown } = {},
  server = labelStudio,
): Promise<unknown> {
  const answer = await server.admin(path, {
    method: init.method ?? 'GET',
    ...(init.body === undefined
      ? {}
      : { body: JSON.stringify(init.body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
}

/** The relay's own interface, with the installation's secret. */
async function api(path: string, method = 'GET', body?: unknown): Promise<unknown> {
  const answer = await fetch(`${relay.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
}

const connect = async (project: number, method = 'POST') =>
  v.parse(backendStatusSchema, await api(`/api/projects/${project}/backend`, method));
const backendsOf = async (project: number) =>
  v.parse(backendsSchema, await ask(`/api/ml?project=${project}`));
const webhooksOf = async (project: number) =>
  v.parse(webhooksSchema, await ask(`/api/webhooks/?project=${project}`));
const settingsOf = async (project: number) =>
  v.parse(projectSettingsSchema, await api(`/api/projects/${project}`));

/** What Label Studio answers when a person opens the task. */
async function openTask(task: number): Promise<readonly StoredPrediction[]> {
  const answer = v.parse(
    v.object({ predictions: v.array(predictionSchema) }),
    await ask(`/api/tasks/${task}/`),
  );
  return answer.predictions;
}

const retrieve = (project: number, tasks: readonly number[]) =>
  ask(`/api/dm/actions?id=retrieve_tasks_predictions&project=${project}`, {
    method: 'POST',
    body: { selectedItems: { all: false, included: tasks }, project: String(project) },
  });

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${relay.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'mu').exec(text)?.[1]);
}
const predictRequests = () => metric('forelabel_predict_requests_total');

/** Every true box is met by a predicted one, and there are as many. */
function expectFaces(prediction: StoredPrediction | undefined, sample: Sample, modelVersion: string): void {
  expect(prediction?.model_version).toBe(modelVersion);
  expect(prediction?.result).toHaveLength(sample.boxes.length);
  for (const region of prediction?.result ?? []) {
    expect(region).toMatchObject({ original_width: sample.width, original_height: sample.height });
    expect(region.value.rectanglelabels).toEqual(['Face']);
    const { x1, y1, x2, y2 } = regionToBox(region);
    const found: Box = [x1, y1, x2, y2];
    expect(Math.max(...sample.boxes.map((box) => iou(found, box)))).toBeGreaterThan(0.6);
  }
}

const sampleNamed = (file: string): Sample => {
  const sample = samples.find((each) => each.file === file);
  if (sample === undefined) throw new Error(`There is no sample ${file}.`);
  return sample;
};

async function projectOf(title: string, files: readonly { name: string; data: Uint8Array }[]) {
  const project = await labelStudio.createProject({ title, labelConfig: FACES });
  return { project, tasks: await labelStudio.importImageFiles(project, files) };
}

const annotate = (task: number, wasCancelled = false) =>
  ask(`/api/tasks/${task}/annotations/`, {
    method: 'POST',
    body: { result: [], was_cancelled: wasCancelled },
  });

describe('connecting', () => {
  test("Label Studio's own dialog finds a model at the relay's plain address", async () => {
    const { project } = await projectOf('By the dialog', []);
    await ask('/api/ml', { method: 'POST', body: { project, url: relay.url, title: 'Mine' } });
    expect(await backendsOf(project)).toMatchObject([
      { readable_state: 'Connected', model_version: version },
    ]);
    // Its webhook does not say who it is: ours to mend.
    expect(await connect(project, 'GET')).toMatchObject({ state: 'incomplete' });
    expect(await connect(project)).toMatchObject({ state: 'connected', url: relay.url, message: null });
    expect(await backendsOf(project)).toHaveLength(1);
  });

  test('from Forelabel: once, with the webhook logged in, and again without doubling', async () => {
    const { project } = await projectOf('By Forelabel', []);
    expect(await connect(project, 'GET')).toMatchObject({ state: 'absent' });
    expect(await connect(project)).toMatchObject({ state: 'connected' });
    expect(await connect(project)).toMatchObject({ state: 'connected' });
    expect(await backendsOf(project)).toMatchObject([{ title: 'Forelabel', readable_state: 'Connected' }]);
    const webhooks = await webhooksOf(project);
    expect(webhooks).toMatchObject([
      {
        url: `${relay.url}/webhook`,
        headers: { Authorization: `Basic ${Buffer.from(`forelabel:${secret}`).toString('base64')}` },
      },
    ]);
  });

  test('removes webhooks that an earlier address of ours has left behind, and no others', async () => {
    const { project } = await projectOf('With leftovers', []);
    const other = 'http://127.0.0.1:9/someone-elses';
    for (const [url, headers] of [
      ['http://127.0.0.1:9/webhook', { Authorization: `Basic ${btoa('forelabel:an-old-secret')}` }],
      [other, { Authorization: 'Bearer theirs' }],
    ] as const) {
      const body = { project, url, headers, send_for_all_actions: true, is_active: false };
      await ask('/api/webhooks/', { method: 'POST', body });
    }
    await connect(project);
    expect((await webhooksOf(project)).map(({ url }) => url).sort()).toEqual(
      [other, `${relay.url}/webhook`].sort(),
    );
    // A webhook of ours whose backend was deleted is used again.
    const [backend] = await backendsOf(project);
    await ask(`/api/ml/${backend?.id ?? 0}`, { method: 'DELETE' });
    expect(await connect(project, 'GET')).toMatchObject({ state: 'absent' });
    expect(await connect(project)).toMatchObject({ state: 'connected' });
    expect(await webhooksOf(project)).toHaveLength(2);
  });
});

describe('predicting', () => {
  let project: number;
  let tasks: number[];
  let files: { name: string; data: Uint8Array; sample: Sample }[];

  beforeAll(async () => {
    const upright = await sampleBytes('portrait.jpg');
    files = [
      ...(await Promise.all(
        samples.map(async (sample) => ({ name: sample.file, data: await sampleBytes(sample.file), sample })),
      )),
      ...(await Promise.all(
        [3, 6, 8].map(async (orientation) => ({
          name: `oriented-${orientation}.jpg`,
          data: new Uint8Array(await orientedJpeg(upright, orientation)),
          sample: sampleNamed('portrait.jpg'),
        })),
      )),
    ];
    ({ project, tasks } = await projectOf('Faces', files));
    await connect(project);
  });
  const taskOf = (name: string): number => tasks[files.findIndex((file) => file.name === name)] ?? 0;

  test('opening a task stores one prediction, with our version and boxes in the right place', async () => {
    const stored = await openTask(taskOf('friends.jpg'));
    expect(stored).toHaveLength(1);
    expectFaces(stored[0], sampleNamed('friends.jpg'), version);
    const requests = await predictRequests();
    expect(await openTask(taskOf('friends.jpg'))).toHaveLength(1);
    expect(await predictRequests()).toBe(requests);
  });

  test('photos that a camera has turned are right side up', async () => {
    for (const name of ['rotated.jpg', 'oriented-3.jpg', 'oriented-6.jpg', 'oriented-8.jpg']) {
      const sample = files.find((file) => file.name === name)?.sample ?? sampleNamed('rotated.jpg');
      expectFaces((await openTask(taskOf(name)))[0], sample, version);
    }
  });

  test('a task on which nothing is found has no prediction, and costs no second inference', async () => {
    expect(await openTask(taskOf('empty.jpg'))).toEqual([]);
    const inferred = await metric('forelabel_images_inferred_total');
    expect(await openTask(taskOf('empty.jpg'))).toEqual([]);
    expect(await metric('forelabel_images_inferred_total')).toBe(inferred);
  });

  test("'Retrieve Predictions' on many tasks is one request, and the second time none", async () => {
    const all = tasks.filter((task) => task !== taskOf('empty.jpg'));
    expect(all.length).toBeGreaterThan(12);
    const requests = await predictRequests();
    await retrieve(project, all);
    expect(await predictRequests()).toBe(requests + 1);
    for (const [index, { sample, name }] of files.entries()) {
      if (name === 'empty.jpg') continue;
      const stored = await openTask(tasks[index] ?? 0);
      expect(stored).toHaveLength(1);
      expectFaces(stored[0], sample, version);
    }
    await retrieve(project, all);
    expect(await predictRequests()).toBe(requests + 1);
  });

  test('what the page has detected is given to Label Studio without looking at the image again', async () => {
    const gray = await sharp({ create: { width: 200, height: 100, channels: 3, background: '#888' } })
      .png()
      .toBuffer();
    const [task = 0] = await labelStudio.importImageFiles(project, [{ name: 'gray.png', data: gray }]);
    const box = { x1: 20, y1: 10, x2: 60, y2: 50, score: 0.8, label: 0 };
    const low = { ...box, x1: 100, x2: 140, score: 0.2 };
    const result = { project, task, modelVersion: version, width: 200, height: 100, detections: [box, low] };
    await api('/api/results', 'PUT', { results: [result] });
    const inferred = await metric('forelabel_images_inferred_total');
    const [stored] = await openTask(task);
    expect(stored?.result).toMatchObject([{ score: 0.8, value: { x: 10, y: 10, width: 20, height: 40 } }]);
    expect(await metric('forelabel_images_inferred_total')).toBe(inferred);
  });

  test('a new model version is predicted anew, and the old predictions stay', async () => {
    const folder = join(home, 'models', 'second');
    await cp(join(packageFolder, 'models', 'demo-face'), folder, { recursive: true });
    const manifest = v.parse(
      v.looseObject({ name: v.string() }),
      JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')),
    );
    await writeFile(join(folder, 'model.json'), JSON.stringify({ ...manifest, name: 'second' }));
    const second = version.replace('demo-face', 'second');
    expect(await api(`/api/projects/${project}`, 'PATCH', { model: 'second' })).toMatchObject({
      model: second,
    });
    const task = taskOf('friends.jpg');
    await retrieve(project, [task]);
    const stored = await openTask(task);
    expect(stored.map((prediction) => prediction.model_version).sort()).toEqual([version, second].sort());
    expectFaces(
      stored.find((prediction) => prediction.model_version === second),
      sampleNamed('friends.jpg'),
      second,
    );
    expect((await backendsOf(project))[0]?.model_version).toBe(second);
    await api(`/api/projects/${project}`, 'PATCH', { model: null });
  });
});

describe('training', () => {
  test("'Start Training' reaches the training service", async () => {
    const { project } = await projectOf('To train', []);
    await connect(project);
    const [backend] = await backendsOf(project);
    const before = training.asked.length;
    await ask(`/api/ml/${backend?.id ?? 0}/train`, { method: 'POST', body: {} });
    expect(training.asked.slice(before)).toEqual([{ request: { project }, trigger: 'label-studio' }]);
    training.move('done');
  });

  test('annotations count, skipped ones do not, and the Nth starts a training when it is quiet', async () => {
    const data = await sampleBytes('portrait.jpg');
    const { project, tasks } = await projectOf(
      'To train by itself',
      [1, 2, 3, 4, 5].map((index) => ({ name: `${index}.jpg`, data })),
    );
    await connect(project);
    await api(`/api/projects/${project}`, 'PATCH', { trainEvery: 5 });
    const counted = async () => {
      await mlBackend.idle();
      return (await settingsOf(project)).annotations;
    };
    const created = v.parse(v.object({ id: v.number() }), await annotate(tasks[0] ?? 0));
    expect(await counted()).toBe(1);
    await annotate(tasks[1] ?? 0, true);
    expect(await counted()).toBe(1);
    await ask(`/api/annotations/${created.id}/`, { method: 'PATCH', body: { result: [], lead_time: 3 } });
    expect(await counted()).toBe(2);
    // In bulk, from predictions: Label Studio sends one event with a list.
    await retrieve(project, tasks.slice(1, 3));
    const before = training.asked.length;
    await ask(`/api/dm/actions?id=predictions_to_annotations&project=${project}`, {
      method: 'POST',
      body: { selectedItems: { all: false, included: tasks.slice(1, 3) }, project: String(project) },
    });
    expect(await counted()).toBe(4);
    expect(timers).toHaveLength(0);
    await ask(`/api/annotations/${created.id}/`, { method: 'DELETE' });
    expect(await counted()).toBe(5);
    expect(training.asked).toHaveLength(before);
    timers.shift()?.();
    expect(await counted()).toBe(0);
    expect(training.asked.slice(before)).toEqual([{ request: { project }, trigger: 'automatic' }]);
    training.move('done');
  });

  test('every webhook was answered in less than 200 ms', () => {
    const lines = logged
      .map((line) =>
        v.safeParse(
          v.object({ path: v.literal('/webhook'), status: v.number(), ms: v.number() }),
          JSON.parse(line),
        ),
      )
      .flatMap((parsed) => (parsed.success ? [parsed.output] : []));
    expect(lines.length).toBeGreaterThanOrEqual(7);
    expect(lines.filter(({ status }) => status >= 300)).toEqual([]);
    const slowest = Math.max(...lines.map(({ ms }) => ms));
    console.log(`${lines.length} webhooks, the slowest took ${slowest} ms`);
    expect(slowest).toBeLessThan(200);
  });
});

test('no secret is in the log', () => {
  const text = logged.join('');
  for (const hidden of [secret, btoa(`forelabel:${secret}`), labelStudio.pat, labelStudio.legacyToken]) {
    expect(text).not.toContain(hidden);
  }
  expect(text).toContain('/setup');
});

describe('a Label Studio that refuses private addresses', () => {
  async function at<T>(
    env: Readonly<Record<string, string>>,
    work: (server: LabelStudioServer) => Promise<T>,
  ) {
    const server = await startLabelStudio({ env });
    const before = access;
    access = { url: server.url, token: server.pat };
    try {
      return await work(server);
    } finally {
      access = before;
      await server.stop();
    }
  }

  test('as it comes: says which two settings to change, and leaves nothing behind', async () => {
    await at({}, async (server) => {
      const project = await server.createProject({ title: 'Closed', labelConfig: FACES });
      for (const method of ['GET', 'POST', 'GET']) {
        const { state, message } = await connect(project, method);
        expect(state).toBe('blocked');
        expect(message).toContain('ML_BLOCK_LOCAL_IP=false and SSRF_PROTECTION_ENABLED=false');
      }
      expect(await ask(`/api/ml?project=${project}`, {}, server)).toEqual([]);
    });
  });

  test('with only the first setting: names the second, before and after Label Studio has kept half of it', async () => {
    await at({ ML_BLOCK_LOCAL_IP: 'false' }, async (server) => {
      const project = await server.createProject({ title: 'Half open', labelConfig: FACES });
      const tried = await connect(project);
      expect(tried).toMatchObject({ state: 'blocked' });
      expect(tried.message).toContain('SSRF_PROTECTION_ENABLED=false too');
      expect(await ask(`/api/ml?project=${project}`, {}, server)).toEqual([]);
      const dialog = await server.admin('/api/ml', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ project, url: relay.url }),
      });
      expect(dialog.status).toBe(403);
      for (const method of ['GET', 'POST']) {
        const { state, message } = await connect(project, method);
        expect(state).toBe('incomplete');
        expect(message).toContain('SSRF_PROTECTION_ENABLED=false');
      }
    });
  });
});
