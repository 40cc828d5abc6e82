import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@libsql/client';
import type { Hono } from 'hono';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Detection } from '../../../src/detector/types.ts';
import type { Engine } from '../../../src/engine/types.ts';
import { createRelay } from '../../../src/relay/app.ts';
import { openDatabase } from '../../../src/relay/database.ts';
import { EnginePool } from '../../../src/relay/engine/enginePool.ts';
import { createMlBackend, type MlBackend } from '../../../src/relay/mlBackend/createMlBackend.ts';
import { listModels, type CatalogModel } from '../../../src/relay/modelCatalog.ts';
import { projectSettingsStore } from '../../../src/relay/projectSettings/projectSettingsTable.ts';
import { TrainingError } from '../../../src/relay/training/contracts.ts';
import { fakeTraining, type FakeTraining } from '../../support/fakeTraining.ts';
import { writeModelFolder } from './modelFolder.ts';
import { eventually } from '../../support/eventually.ts';

const secret = 'a-secret-of-this-installation';
const token = 'a-token-of-label-studio';
const FACES =
  '<View><Image name="i" value="$image"/><RectangleLabels name="l" toName="i"><Label value="Face"/></RectangleLabels></View>';
const image = 'data:image/png;base64,AAAA';
const face: Detection = { x1: 10, y1: 10, x2: 30, y2: 60, score: 0.9, label: 0 };
const doubtful: Detection = { ...face, x1: 50, x2: 90, score: 0.2 };

let home: string;
let database: Client;
let training: FakeTraining;
let relay: Hono;
let mlBackend: MlBackend;
let bundled: string;
let access: { url: string; token: string } | null;
/** What the engine does with an image; a test may put its own in place. */
let detect: Engine['detect'];
let opened: string[];
let newest: string | null;
let timers: Set<() => void>;
let models: () => Promise<{ models: readonly CatalogModel[]; problems: [] }>;
const logged: string[] = [];

const found = (detections: readonly Detection[]) => ({
  ...{ width: 100, height: 100, detections },
  timings: { decode: 0, preprocess: 0, infer: 0, postprocess: 0, total: 0 },
});

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'forelabel-ml-'));
  database = await openDatabase(home);
  training = fakeTraining();
  access = { url: 'http://127.0.0.1:9', token };
  detect = () => Promise.resolve(found([face, doubtful]));
  opened = [];
  newest = null;
  timers = new Set();
  bundled = (await writeModelFolder(join(home, 'bundled'), { name: 'demo' })).version;
  models = async () => {
    const catalog = await listModels([
      { path: join(home, 'bundled'), origin: 'bundled' },
      { path: join(home, 'models'), origin: 'own' },
    ]);
    return { models: catalog.models, problems: [] };
  };
  const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });
  mlBackend = createMlBackend({
    ...{ database, training, secret, log },
    models: () => models(),
    findAccess: () => Promise.resolve(access),
    newestModelOf: () => Promise.resolve(newest),
    publicUrl: () => 'http://127.0.0.1:9090',
    engines: new EnginePool((model) => {
      opened.push(model.version);
      return Promise.resolve({
        info: { backend: 'native', device: 'none', why: '', warmUpMs: 0, modelVersion: model.version },
        detect: (blob, options) => detect(blob, options),
        dispose: () => Promise.resolve(),
      });
    }),
    setTimer: (callback) => {
      timers.add(callback);
      return () => timers.delete(callback);
    },
    budgets: { batch: 1500, task: 1500 },
  });
  relay = createRelay({
    ...{ secret, log },
    appDir: '/nowhere',
    models: () => models(),
    host: '127.0.0.1',
    extend: (app) => mlBackend.root(app),
    api: (api) => mlBackend.api(api),
  });
});
afterEach(async () => {
  await mlBackend.close();
  database.close();
  await rm(home, { recursive: true });
});

async function post(path: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  return relay.request(path, {
    method: 'POST',
    headers: {
      host: '127.0.0.1:9090',
      'content-type': 'application/json',
      authorization: `Bearer ${secret}`,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  });
}
const get = async (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  relay.request(path, { headers: { host: '127.0.0.1:9090', ...headers } });
const tasksOf = (...ids: number[]) => ids.map((id) => ({ id, data: { image }, annotations: [] }));
const ask = (tasks: readonly unknown[], more: object = {}) => ({
  ...{ tasks, project: '7.1700000000', label_config: FACES },
  params: { login: 'their-login', password: 'their-password', context: null },
  ...more,
});
async function predict(body: unknown): Promise<unknown[]> {
  const answer = await post('/predict', body);
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { results: unknown[] }).results;
}
const change = async (settings: object, project = 7) =>
  post(`/api/projects/${project}`, settings, { method: 'PATCH' });
const counted = async (project = 7) => {
  await mlBackend.idle();
  return (await mlBackend.settings.get(project)).annotations;
};

describe('/setup', () => {
  const setup = async (body: unknown) => {
    const answer = await post('/setup', body);
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { model_version: string }).model_version;
  };
  const asked = { project: '7.1700000000', schema: FACES, hostname: 'x', access_token: 'their-access-token' };

  it('names the bundled model, the newest of the project, or the chosen one', async () => {
    const own = await writeModelFolder(join(home, 'models'), { name: 'mine', bytes: 'mine' });
    const chosen = await writeModelFolder(join(home, 'models'), { name: 'chosen', bytes: 'chosen' });
    expect(await setup(asked)).toBe(bundled);
    newest = own.version;
    expect(await setup(asked)).toBe(own.version);
    expect((await change({ model: 'chosen' })).status).toBe(200);
    expect(await setup(asked)).toBe(chosen.version);
    expect(await setup({ ...asked, project: 8 })).toBe(own.version);
  });

  it('passes over a model that is gone', async () => {
    newest = 'gone-12345678';
    expect(await setup(asked)).toBe(bundled);
  });

  it.each([['not json'], ['null'], ['[]'], ['{}'], ['{"project":"x"}'], ['{"project":{"id":1}}']])(
    'answers %s too',
    async (body) => {
      expect(await setup(body)).toBe(bundled);
    },
  );

  it('never fails, and remembers what it said when the disk is slow', async () => {
    expect(await setup(asked)).toBe(bundled);
    models = () => Promise.reject(new Error('disk'));
    expect(await setup(asked)).toBe(bundled);
    models = () => new Promise(() => undefined);
    expect(await setup(asked)).toBe(bundled);
  });
});

describe('/predict', () => {
  it('gives one entry a task, in order, above the threshold of the project', async () => {
    const results = await predict(ask(tasksOf(3, 1, 2)));
    expect(results).toHaveLength(3);
    expect(results[0]).toMatchObject({
      score: 0.9,
      model_version: bundled,
      result: [
        {
          from_name: 'l',
          to_name: 'i',
          original_width: 100,
          value: { x: 10, y: 10, width: 20, height: 50, rectanglelabels: ['Face'] },
        },
      ],
    });
    await change({ threshold: 0.1 });
    expect(await predict(ask(tasksOf(3)))).toMatchObject([{ result: [{ score: 0.9 }, { score: 0.2 }] }]);
  });

  it('gives an empty list where nothing is found, and does not look again', async () => {
    detect = vi.fn<Engine['detect']>(() => Promise.resolve(found([doubtful])));
    expect(await predict(ask(tasksOf(1)))).toEqual([[]]);
    expect(await predict(ask(tasksOf(1)))).toEqual([[]]);
    expect(detect).toHaveBeenCalledTimes(1);
  });

  it('lets a task that cannot be read or detected cost itself only', async () => {
    let calls = 0;
    detect = () => {
      calls += 1;
      return calls === 1 ? Promise.reject(new Error('broken')) : Promise.resolve(found([face]));
    };
    const results = await predict(
      ask([
        ...tasksOf(1, 2),
        { id: 3, data: {} },
        { id: 4, data: { image: 'ftp://x/y' } },
        'no task',
        { id: 'x' },
        ...tasksOf(5),
      ]),
    );
    expect(results).toMatchObject([[], { score: 0.9 }, [], [], [], [], { score: 0.9 }]);
    // Failures are not kept: the next request tries again.
    expect(await predict(ask(tasksOf(1)))).toMatchObject([{ score: 0.9 }]);
  });

  it('takes what the page has detected', async () => {
    const row = { project: 7, modelVersion: bundled, width: 10, height: 10 };
    const results = [
      { ...row, task: 1, detections: [{ ...face, x1: 1, x2: 2, y1: 1, y2: 2 }] },
      { ...row, task: 2, detections: [] },
      { ...row, task: 3, modelVersion: 'another-12345678', detections: [] },
      { ...row, task: 4, project: 8, detections: [] },
    ];
    expect((await post('/api/results', { results }, { method: 'PUT' })).status).toBe(204);
    detect = vi.fn<Engine['detect']>(() => Promise.resolve(found([face])));
    expect(await predict(ask(tasksOf(1, 2, 3, 4)))).toMatchObject([
      { result: [{ original_width: 10, value: { x: 10, width: 10 } }] },
      [],
      { result: [{ original_width: 100 }] },
      { result: [{ original_width: 100 }] },
    ]);
    expect(detect).toHaveBeenCalledTimes(2);
    // The same numbers in another Label Studio are other tasks.
    access = { url: 'http://other.example', token };
    await predict(ask(tasksOf(1, 2)));
    expect(detect).toHaveBeenCalledTimes(4);
  });

  it('takes each image of a task for itself, and one that was replaced for another', async () => {
    const labels = '<Label value="Face"/></RectangleLabels>';
    const of = (field: string) =>
      `<View><Image name="i" value="$${field}"/><RectangleLabels name="l" toName="i">${labels}</View>`;
    const asked: Blob[] = [];
    detect = (blob) => {
      if (blob instanceof Blob) asked.push(blob);
      return Promise.resolve(found([face]));
    };
    const task = { id: 1, data: { front: image, back: 'data:image/png;base64,AAAAAAAA' } };
    for (const field of ['front', 'back', 'front']) {
      await predict(ask([task], { label_config: of(field) }));
    }
    expect(asked.map(({ size }) => size)).toEqual([3, 6]);
    const replaced = { id: 1, data: { ...task.data, front: 'data:image/png;base64,AAAAAAAAAAAA' } };
    await predict(ask([replaced], { label_config: of('front') }));
    expect(asked.map(({ size }) => size)).toEqual([3, 6, 9]);
  });

  it.each([
    ['one by one where they unfold to much', 10_000, 1],
    ['several at once where they do not', 1000, 4],
  ])('decodes images %s', async (_, side, atOnce) => {
    const header = Buffer.alloc(33);
    header.write('89504e470d0a1a0a0000000d49484452', 'hex');
    header.writeUInt32BE(side, 16);
    header.writeUInt32BE(side, 20);
    const unfolds = `data:image/png;base64,${header.toString('base64')}`;
    let [running, most] = [0, 0];
    detect = async () => {
      running += 1;
      most = Math.max(most, running);
      await sleep(10);
      running -= 1;
      return found([face]);
    };
    const tasks = [1, 2, 3, 4].map((id) => ({ id, data: { image: unfolds } }));
    expect(await predict(ask(tasks))).toMatchObject(tasks.map(() => ({ score: 0.9 })));
    expect(most).toBe(atOnce);
  });

  it('answers within its budget, goes on, and has the rest for the next request', async () => {
    const waiting: (() => void)[] = [];
    const aborted: unknown[] = [];
    detect = (_, { signal } = {}) => {
      signal?.addEventListener('abort', () => aborted.push(signal.reason));
      return new Promise((resolve) => waiting.push(() => resolve(found([face]))));
    };
    // Within it: nothing but the budget ends the wait for six of the images.
    const asked = predict(ask(tasksOf(1, 2, 3, 4, 5, 6, 7)));
    await eventually(() => expect(waiting).toHaveLength(5));
    waiting.shift()?.();
    const [first, ...rest] = await asked;
    expect(first).toMatchObject({ score: 0.9 });
    expect(rest).toEqual([[], [], [], [], [], []]);
    await eventually(async () => {
      for (const end of waiting.splice(0)) end();
      expect(await (await get('/metrics')).text()).toContain('forelabel_tasks_waiting 0\n');
    });
    expect(aborted).toEqual([]);
    detect = vi.fn<Engine['detect']>();
    const again = await predict(ask(tasksOf(1, 2, 3, 4, 5, 6, 7)));
    expect(again.every((result) => !Array.isArray(result))).toBe(true);
    expect(detect).not.toHaveBeenCalled();
  });

  it('gives up when the client has gone', async () => {
    const signals: AbortSignal[] = [];
    detect = (_, { signal } = {}) => {
      if (signal) signals.push(signal);
      return new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')));
      });
    };
    const client = new AbortController();
    const asked = post('/predict', ask(tasksOf(...Array.from({ length: 20 }, (_, i) => i + 1))), {
      signal: client.signal,
    });
    await eventually(() => expect(signals).toHaveLength(5));
    const before = logged.length;
    // As the server does it: with a word, and not with an error.
    client.abort('Client connection prematurely closed.');
    expect((await asked).status).toBe(408);
    await sleep(20);
    expect(signals).toHaveLength(5);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    expect(logged.slice(before).join('')).not.toContain('"level":50');
  });

  it('serves the interactive question about one task', async () => {
    const params = { login: null, password: null, context: { result: [{ type: 'rectanglelabels' }] } };
    expect(await predict(ask(tasksOf(1), { params }))).toMatchObject([{ model_version: bundled }]);
  });

  it.each([
    ['no rectangles', '<View><Choices name="c" toName="t"/></View>', 'no-rectangle-labels'],
    ['no class of the model', FACES.replace('Face', 'Car'), 'no-match'],
    ['broken XML', '<View>', 'label-config'],
    ['nothing', null, 'label-config'],
  ])('answers with empty lists, and logs why, for a project with %s', async (_, config, code) => {
    const before = logged.length;
    detect = vi.fn<Engine['detect']>(() => Promise.resolve(found([face])));
    expect(await predict(ask(tasksOf(1, 2), { label_config: config }))).toEqual([[], []]);
    expect(detect).not.toHaveBeenCalled();
    expect(logged.slice(before).join('')).toContain(`"code":"${code}"`);
  });

  it('says that it has no token, and predicts what it knows', async () => {
    access = null;
    const before = logged.length;
    expect(await predict(ask(tasksOf(1)))).toEqual([[]]);
    expect(logged.slice(before).join('')).toContain('no-label-studio');
  });

  it('answers with empty lists when no model is installed or can be loaded', async () => {
    models = () => Promise.resolve({ models: [], problems: [] });
    expect(await predict(ask(tasksOf(1)))).toEqual([[]]);
    models = () => Promise.reject(new Error('disk'));
    expect(await predict(ask(tasksOf(1, 2)))).toEqual([[], []]);
  });

  it.each([
    '',
    'not json',
    '[]',
    'null',
    '{}',
    '{"tasks":[]}',
    '{"tasks":{}}',
    '{"tasks":[1],"label_config":7}',
  ])('refuses %j with words', async (body) => {
    const answer = await post('/predict', body);
    expect(answer.status).toBe(400);
    const { error } = (await answer.json()) as { error: { message: string } };
    expect(error.message).toMatch(/\w+\. \w+/u);
  });

  it('loads each engine once', async () => {
    for (const name of ['second', 'third']) {
      await writeModelFolder(join(home, 'models'), { name, bytes: name });
    }
    const use = async (model: string, task: number) => {
      await change({ model });
      expect(await predict(ask(tasksOf(task)))).toMatchObject([{ score: 0.9 }]);
    };
    for (const task of [1, 2]) for (const model of ['demo', 'second', 'third']) await use(model, task);
    expect(opened).toHaveLength(3);
  });
});

describe('/webhook', () => {
  const event = (action: string, more: object = {}) => ({
    action,
    project: { id: 7, token: 'their-project-token', task_data_password: 'their-password' },
    ...more,
  });
  const annotation = { id: 1, was_cancelled: false, result: [] };

  it('START_TRAINING and the older /train queue a job and say its number', async () => {
    const answer = await post('/webhook', event('START_TRAINING'));
    expect([answer.status, await answer.json()]).toEqual([201, { job: 'job-1' }]);
    const older = await post('/train', { project: '8.1700000000', annotations: [{}] });
    expect([older.status, await older.json()]).toEqual([201, { job: 'job-2' }]);
    expect(training.asked).toEqual([
      { request: { project: 7 }, trigger: 'label-studio' },
      { request: { project: 8 }, trigger: 'label-studio' },
    ]);
  });

  it('a refusal is an answer in words', async () => {
    training.refuseWith(new TrainingError('no-label-studio', 'No token is known. Connect first.'));
    const answer = await post('/webhook', event('START_TRAINING'));
    expect(answer.status).toBe(409);
    expect(await answer.json()).toEqual({
      error: { code: 'no-label-studio', message: 'No token is known. Connect first.' },
    });
    training.refuseWith(new TrainingError('job-running', 'It trains already. Wait for it.'));
    expect((await post('/webhook', event('START_TRAINING'))).status).toBe(200);
    training.refuseWith(new Error('an inner detail'));
    const unknown = await post('/webhook', event('START_TRAINING'));
    expect(unknown.status).toBe(409);
    expect(await unknown.text()).not.toContain('detail');
  });

  it('does not wait for a slow start', async () => {
    const start = training.start.bind(training);
    let ready = (): void => undefined;
    training.start = async (...args) => {
      await new Promise<void>((resolve) => (ready = resolve));
      return start(...args);
    };
    expect((await post('/webhook', event('START_TRAINING'))).status).toBe(202);
    ready();
    await eventually(() => expect(training.asked).toHaveLength(1));
  });

  it('counts annotations, also in lists, and not the skipped ones', async () => {
    const events = [
      event('ANNOTATION_CREATED', { annotation }),
      event('ANNOTATION_UPDATED', { annotation }),
      event('ANNOTATION_CREATED', { annotation: { ...annotation, was_cancelled: true } }),
      event('ANNOTATIONS_CREATED', {
        annotation: [annotation, annotation, { ...annotation, was_cancelled: true }],
      }),
      event('ANNOTATIONS_DELETED', { annotations: [{ id: 1 }, { id: 2 }] }),
      event('TASKS_CREATED'),
      event('LABEL_LINK_CREATED'),
      event('SOMETHING_NEW', { annotation }),
    ];
    for (const each of events) {
      const started = performance.now();
      expect((await post('/webhook', each)).status).toBe(200);
      expect(performance.now() - started).toBeLessThan(2000);
    }
    expect(await counted()).toBe(6);
    expect(await counted(8)).toBe(0);
    expect(timers.size).toBe(0);
  });

  it.each(['not json', 'null', '{}', '{"action":7}', '{"action":"START_TRAINING"}'])(
    'refuses %s with words',
    async (body) => {
      expect((await post('/webhook', body)).status).toBe(400);
      expect(training.asked).toEqual([]);
    },
  );

  describe('training by itself', () => {
    const annotate = async (times = 1) => {
      for (let time = 0; time < times; time += 1) {
        await post('/webhook', event('ANNOTATION_CREATED', { annotation }));
      }
      return counted();
    };
    const quiet = async () => {
      const due = [...timers];
      timers.clear();
      for (const callback of due) callback();
      await mlBackend.idle();
    };

    it('is off by default', async () => {
      expect(await annotate(50)).toBe(50);
      expect(timers.size).toBe(0);
    });

    it('starts once when N are reached and it is quiet, and counts anew', async () => {
      await change({ trainEvery: 3 });
      await annotate(2);
      expect(timers.size).toBe(0);
      await annotate(3);
      expect(timers.size).toBe(1);
      await quiet();
      expect(training.asked).toEqual([{ request: { project: 7 }, trigger: 'automatic' }]);
      expect(await counted()).toBe(0);
    });

    it('waits for the running job, and then trains with what came in meanwhile', async () => {
      await change({ trainEvery: 2 });
      await annotate(2);
      await quiet();
      training.move('collecting');
      await annotate(2);
      await quiet();
      expect(training.asked).toHaveLength(1);
      expect(await counted()).toBe(2);
      training.move('done');
      await mlBackend.idle();
      await quiet();
      expect(training.asked).toHaveLength(2);
    });

    it('counts anew when any job reads the annotations', async () => {
      await annotate(4);
      await training.start({ project: 7 }, 'person');
      expect(await counted()).toBe(4);
      training.move('collecting');
      expect(await counted()).toBe(0);
      await annotate(1);
      training.move('collecting');
      expect(await counted()).toBe(1);
    });

    it('keeps the count when a start is refused', async () => {
      await change({ trainEvery: 1 });
      await annotate(1);
      training.refuseWith(new TrainingError('no-label-studio', 'No token. Connect.'));
      await quiet();
      expect(await counted()).toBe(1);
      await annotate(1);
      await quiet();
      expect(training.asked).toHaveLength(1);
    });
  });
});

describe('the rest of the protocol', () => {
  it('GET / is data for programs and the page for people', async () => {
    for (const accept of ['application/json', '*/*']) {
      const answer = await get('/', { accept });
      expect(await answer.json()).toEqual({ status: 'UP', model_class: 'Forelabel' });
    }
    expect((await get('/', { accept: 'text/html,*/*' })).status).toBe(503);
  });

  it('GET /versions lists the models', async () => {
    expect(await (await get('/versions')).json()).toEqual({ versions: [bundled] });
  });

  it('GET /metrics counts', async () => {
    await predict(ask(tasksOf(1, 2)));
    const text = await (await get('/metrics')).text();
    expect(text).toContain('forelabel_predict_requests_total 1\n');
    expect(text).toContain('forelabel_predictions_total 2\n');
    expect(text).toContain('forelabel_images_inferred_total 2\n');
  });
});

describe('the settings of a project', () => {
  it('have defaults, are changed one by one, and outlive the relay', async () => {
    const read = async (): Promise<unknown> => (await get('/api/projects/7')).json();
    expect(await read()).toEqual({
      model: null,
      trainEvery: 0,
      annotations: 0,
      threshold: 0.3,
      takeNewModel: false,
    });
    expect(await (await change({ trainEvery: 20 })).json()).toMatchObject({ trainEvery: 20, threshold: 0.3 });
    await change({ takeNewModel: true, threshold: 0.5, model: bundled });
    const kept = { model: bundled, trainEvery: 20, annotations: 0, threshold: 0.5, takeNewModel: true };
    expect(await read()).toEqual(kept);
    access = { url: 'http://localhost:9/', token };
    expect(await read()).toEqual(kept);
    access = { url: 'http://other.example', token };
    expect(await read()).toMatchObject({ trainEvery: 0 });
    await change({ trainEvery: 3 });
    const store = projectSettingsStore(database, () => Promise.resolve(access), 0.6);
    expect(await store.get(7)).toMatchObject({ trainEvery: 3, threshold: 0.6 });
  });

  it.each([
    [{ trainEvery: -1 }, 400],
    [{ trainEvery: 1.5 }, 400],
    [{ threshold: 2 }, 400],
    [{ annotations: 5 }, 400],
    [{ model: 'nobody' }, 422],
    ['not json', 400],
  ])('refuse %j', async (patch, status) => {
    const answer = await post('/api/projects/7', patch, { method: 'PATCH' });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toHaveProperty('error.message');
  });

  it('are those of a number', async () => {
    for (const id of ['x', '0', '-1', '1.5', '1e3', '..%2f']) {
      expect((await get(`/api/projects/${id}`)).status, id).toBe(404);
    }
  });
});

it('annotations of projects that nobody knows fill no table', async () => {
  const store = projectSettingsStore(database, () => Promise.resolve(access), 0.3, 3);
  for (let project = 1; project <= 5; project += 1) await store.count(project, 1);
  await store.count(2, 1);
  // What a person sets is kept.
  await store.change(9, { trainEvery: 4 });
  const { rows } = await database.execute(
    'SELECT project, annotations FROM project_settings ORDER BY project',
  );
  expect(rows.map(({ project, annotations }) => [project, annotations])).toEqual([
    [1, 1],
    [2, 2],
    [3, 1],
    [9, 0],
  ]);
});

it.each([1.5, -3, 0, 1e300])('an event of project %d is none', async (id) => {
  const event = { action: 'ANNOTATION_CREATED', project: { id }, annotation: {} };
  expect((await post('/webhook', event)).status).toBe(400);
});

it.each([
  ['an endless number', '"width":1e999'],
  ['half a task', '"task":1.5'],
  ['a name without an end', `"modelVersion":"${'x'.repeat(100_000)}"`],
  [
    'a crowd',
    `"detections":[${'{"x1":1,"y1":1,"x2":1,"y2":1,"score":1,"label":0},'.repeat(20_000)}]`.replace(
      ',]',
      ']',
    ),
  ],
])('results with %s are refused', async (_, part) => {
  const plain = '"project":7,"task":1,"modelVersion":"x","width":1,"height":1,"detections":[]';
  const answer = await post('/api/results', `{"results":[{${plain},${part}}]}`, { method: 'PUT' });
  expect(answer.status).toBe(400);
});

it('results that are none are refused', async () => {
  const results = [{ project: 7, task: 1, modelVersion: 'x', width: 1, height: 1, detections: [{ x1: 0 }] }];
  const answer = await post('/api/results', { results }, { method: 'PUT' });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('results.0.detections.0');
});

it('no secret of ours or of Label Studio has come into the log', () => {
  const text = logged.join('');
  expect(text).toContain('/setup');
  expect(text).toContain('/webhook');
  for (const hidden of [secret, token, 'their-', 'AAAA']) expect(text).not.toContain(hidden);
});
