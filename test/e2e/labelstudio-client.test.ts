/** The client against a real Label Studio: what is written here is what Label Studio does. */
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as v from 'valibot';
import { createLabelStudio } from '../../src/labelstudio/client.ts';
import { parseLabelConfig } from '../../src/labelstudio/labelConfig.ts';
import { suggestMapping } from '../../src/labelstudio/mapping.ts';
import { detectionsToRegions, toPrediction } from '../../src/labelstudio/regions.ts';
import type { LabelStudio, Prediction, Task, TaskQuery } from '../../src/labelstudio/types.ts';
import { startLabelStudio, type LabelStudioServer } from '../support/labelStudioServer.ts';

const CONFIG = `<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image">
    <Label value="Face"/><Label value="Car" alias="vehicle"/>
  </RectangleLabels>
</View>`;

let server: LabelStudioServer;
let studio: LabelStudio;

beforeAll(async () => {
  server = await startLabelStudio({ legacyToken: true });
  studio = createLabelStudio({ url: server.url, token: server.pat });
});
afterAll(async () => {
  await server.stop();
});

async function project(config = CONFIG): Promise<number> {
  return server.createProject({ title: `Project ${crypto.randomUUID()}`, labelConfig: config });
}

async function tasksWithoutImages(projectId: number, count: number): Promise<number[]> {
  const tasks = Array.from({ length: count }, (_, i) => ({ data: { image: `/data/upload/0/${i}.png` } }));
  return server.importTasks(projectId, tasks);
}

async function idsOf(query: TaskQuery): Promise<number[]> {
  const ids: number[] = [];
  for await (const task of studio.tasks(query)) ids.push(task.id);
  return ids;
}

function prediction(
  task: number,
  modelVersion = 'faces-0123abcd',
  label: 'Face' | 'Car' = 'Face',
): Prediction {
  const control = parseLabelConfig(CONFIG).controls[0];
  if (control === undefined) throw new Error('no control');
  const detections = [{ x1: 10, y1: 20, x2: 40, y2: 60, score: 0.75, label: 0 }];
  const mapping = suggestMapping([label], control);
  return toPrediction(
    task,
    detectionsToRegions(detections, { width: 200, height: 100 }, mapping, 0.3),
    modelVersion,
  );
}

/** Our client asks with strings only. */
const isBulkPost = (input: unknown) => typeof input === 'string' && input.endsWith('/import/predictions');

/** A client whose requests pass through `meddle`, which answers itself or hands on to the real server. */
const withFetch = (meddle: typeof fetch) =>
  createLabelStudio({ url: server.url, token: server.pat, fetch: meddle });

const storedSchema = v.array(
  v.object({ id: v.number(), task: v.number(), model_version: v.string(), result: v.array(v.unknown()) }),
);
async function storedPredictions(projectId: number) {
  const response = await server.admin(`/api/predictions?project=${projectId}`);
  return v.parse(storedSchema, await response.json());
}

describe('connect', () => {
  test.each(['pat', 'legacyToken'] as const)('with the %s', async (kind) => {
    const client = createLabelStudio({ url: `${server.url}/projects/`, token: server[kind] });
    await expect(client.connect()).resolves.toEqual({
      url: server.url,
      version: '1.23.2',
      user: 'tester@example.org',
    });
  });

  test('a wrong legacy token is refused, and not repeated', async () => {
    const client = createLabelStudio({ url: server.url, token: 'f'.repeat(40) });
    await expect(client.connect()).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.not.stringContaining('ffff') as string,
    });
  });

  test('a wrong personal token is refused', async () => {
    const client = createLabelStudio({ url: server.url, token: `${server.pat.slice(0, -4)}AAAA` });
    await expect(client.connect()).rejects.toMatchObject({ code: 'unauthorized' });
  });

  test('a legacy token on a Label Studio that forbids them', async () => {
    await server.setTokens({ personal: true, legacy: false });
    try {
      const client = createLabelStudio({ url: server.url, token: server.legacyToken });
      await expect(client.connect()).rejects.toMatchObject({
        code: 'legacy-token-disabled',
        message: expect.stringContaining('personal access token') as string,
      });
    } finally {
      await server.setTokens({ personal: true, legacy: true });
    }
  });

  test('nothing there', async () => {
    const client = createLabelStudio({ url: 'http://127.0.0.1:9', token: server.pat });
    await expect(client.connect()).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('a page elsewhere may read answers and uploads (CORS)', async () => {
    for (const path of ['/api/version', '/api/projects/', '/data/upload/1/x.png', '/tasks/1/resolve/']) {
      const preflight = await fetch(`${server.url}${path}`, {
        method: 'OPTIONS',
        headers: {
          origin: 'http://localhost:9090',
          'access-control-request-method': 'GET',
          'access-control-request-headers': 'authorization,content-type',
        },
      });
      expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
      expect(preflight.headers.get('access-control-allow-headers')).toMatch(/authorization/u);
    }
  });
});

test('lists projects and reads one', async () => {
  const id = await project();
  await tasksWithoutImages(id, 3);
  const found = (await studio.listProjects()).find((each) => each.id === id);
  expect(found).toMatchObject({ id, taskCount: 3, modelVersion: null });
  expect(found?.labelConfig).toContain('RectangleLabels');
  expect(await studio.getProject(id)).toEqual(found);
  await expect(studio.getProject(99_999)).rejects.toMatchObject({ code: 'not-found', status: 404 });
});

describe('tasks', () => {
  test('pages in id order, and counts', async () => {
    const id = await project();
    const ids = await tasksWithoutImages(id, 230);
    expect(await idsOf({ projectId: id })).toEqual(ids);
    expect(await studio.countTasks({ projectId: id })).toBe(230);
  });

  test('an empty project', async () => {
    const id = await project();
    expect(await idsOf({ projectId: id, onlyUnlabeled: true, withoutPredictionOf: 'm' })).toEqual([]);
    expect(await studio.countTasks({ projectId: id })).toBe(0);
  });

  test('shards split a project without overlap', async () => {
    const id = await project();
    const ids = await tasksWithoutImages(id, 11);
    const shards: number[][] = [];
    for (let index = 1; index <= 3; index += 1) {
      const query = { projectId: id, shard: { index, count: 3 } };
      shards.push(await idsOf(query));
      expect(await studio.countTasks(query)).toBe(shards.at(-1)?.length);
    }
    expect(shards.flat().sort((a, b) => a - b)).toEqual(ids);
  });

  test('only unlabeled ones', async () => {
    const id = await project();
    const [first = 0, ...rest] = await tasksWithoutImages(id, 3);
    const answer = await server.admin(`/api/tasks/${first}/annotations/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ result: prediction(first).result }),
    });
    expect(answer.status).toBe(201);
    expect(await idsOf({ projectId: id, onlyUnlabeled: true })).toEqual(rest);
    expect(await studio.countTasks({ projectId: id, onlyUnlabeled: true })).toBe(2);
  });

  test('without a prediction of a version, exactly, although Label Studio compares by "contains"', async () => {
    const id = await project();
    const [a = 0, b = 0, c = 0] = await tasksWithoutImages(id, 3);
    await studio.postPredictions(id, [prediction(a, 'faces-1'), prediction(a, 'other-2')]);
    const query = { projectId: id, withoutPredictionOf: 'faces-1' };
    expect(await idsOf(query)).toEqual([b, c]);
    await studio.postPredictions(id, [prediction(b, 'my-faces-1')]);
    expect(await idsOf(query)).toEqual([b, c]);
    expect(await studio.countTasks(query)).toBe(2);
    expect(await studio.havePrediction(id, 'faces-1', [a, b, c])).toEqual(new Set([a]));
  });

  test('ranges, samples and tabs of the data manager, alone and together', async () => {
    const id = await project();
    const ids = await tasksWithoutImages(id, 30);
    const at = (index: number): number => ids[index] ?? 0;
    const both = async (query: Omit<TaskQuery, 'projectId'>): Promise<number[]> => {
      const found = await idsOf({ ...query, projectId: id });
      expect(await studio.countTasks({ ...query, projectId: id })).toBe(found.length);
      return found;
    };
    expect(await both({ fromId: at(10), toId: at(14) })).toEqual(ids.slice(10, 15));
    expect(await both({ ids: [at(7), at(3), 999_999] })).toEqual([at(3), at(7)]);

    const drawn = await both({ sample: { count: 8, seed: 1 } });
    expect(drawn).toHaveLength(8);
    expect(drawn).toEqual([...new Set(drawn)].sort((a, b) => a - b));
    expect(await both({ sample: { count: 8, seed: 2 } })).not.toEqual(drawn);
    // What is predicted in between changes nothing about which tasks are drawn.
    const [done = 0] = drawn;
    await studio.postPredictions(id, [prediction(done, 'faces-1')]);
    expect(await both({ sample: { count: 8, seed: 1 }, withoutPredictionOf: 'faces-1' })).toEqual(
      drawn.slice(1),
    );
    expect(await both({ sample: { count: 99, seed: 1 }, fromId: at(28) })).toEqual(ids.slice(28));

    const byId = (operator: string, value: number) => ({
      filter: 'filter:tasks:id',
      operator,
      type: 'Number',
      value,
    });
    const tab = async (title: string, conjunction: 'and' | 'or', items: unknown[]): Promise<number> => {
      const answer = await server.admin('/api/dm/views/', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ project: id, data: { title, filters: { conjunction, items } } }),
      });
      expect(answer.status).toBe(201);
      return v.parse(v.object({ id: v.number() }), await answer.json()).id;
    };
    const middle = await tab('Middle', 'and', [byId('greater', at(9)), byId('less', at(20))]);
    const edges = await tab('Edges', 'or', [
      byId('less', at(5)),
      byId('greater', at(24)),
      byId('less', at(3)),
    ]);
    const views = await studio.listViews(id);
    expect(views).toEqual(
      expect.arrayContaining([
        { id: middle, title: 'Middle' },
        { id: edges, title: 'Edges' },
      ]),
    );
    expect(await both({ view: middle })).toEqual(ids.slice(10, 20));
    expect(await both({ view: edges })).toEqual([...ids.slice(0, 5), ...ids.slice(25)]);
    expect(await both({ view: edges, fromId: at(2), shard: { index: 1, count: 1 } })).toEqual([
      ...ids.slice(2, 5),
      ...ids.slice(25),
    ]);
    await expect(idsOf({ projectId: id, view: 987_654 })).rejects.toMatchObject({ code: 'not-found' });
  });

  test('none is skipped while predictions are stored in between', async () => {
    const id = await project();
    const ids = await tasksWithoutImages(id, 150);
    const seen: number[] = [];
    for await (const task of studio.tasks({ projectId: id, withoutPredictionOf: 'faces-1' })) {
      seen.push(task.id);
      if (seen.length === 100)
        await studio.postPredictions(
          id,
          seen.map((each) => prediction(each, 'faces-1')),
        );
    }
    expect(seen).toEqual(ids);
  });
});

describe('fetchImage', () => {
  async function upload(name: string, data: Uint8Array): Promise<Task> {
    const id = await project();
    await server.importImageFiles(id, [{ name, data }]);
    for await (const task of studio.tasks({ projectId: id })) return task;
    throw new Error('no task');
  }

  test.each(['png', 'jpeg'] as const)('gives the bytes of an uploaded %s', async (format) => {
    const image = sharp({ create: { width: 20, height: 10, channels: 3, background: '#a05030' } });
    const data = await image.toFormat(format).toBuffer();
    const blob = await studio.fetchImage(await upload(`picture.${format}`, data), 'image');
    expect(Buffer.from(await blob.arrayBuffer()).equals(data)).toBe(true);
    expect(blob.type).toBe(`image/${format}`);
  });

  test('with the legacy token too', async () => {
    const data = await sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const client = createLabelStudio({ url: server.url, token: server.legacyToken });
    expect((await client.fetchImage(await upload('a.png', data), 'image')).size).toBe(data.length);
  });

  test('names what is wrong', async () => {
    const [id = 0] = await tasksWithoutImages(await project(), 1);
    const fetching = (image: unknown) => studio.fetchImage({ id, data: { image } }, 'image');
    await expect(fetching('/data/upload/0/none.png')).rejects.toMatchObject({ code: 'image-not-found' });
    await expect(fetching('/user/login/')).rejects.toMatchObject({
      code: 'image-not-an-image',
      message: expect.stringContaining('sign-in page') as string,
    });
    await expect(fetching('/data/local-files/?d=a.png')).rejects.toMatchObject({
      code: 'image-not-allowed',
      message: expect.stringContaining('LOCAL_FILES_SERVING_ENABLED=true') as string,
    });
    await expect(fetching('s3://bucket/a b.png')).rejects.toMatchObject({
      code: 'image-not-found',
      message: expect.stringContaining('Cloud Storage') as string,
    });
  });
});

describe('postPredictions', () => {
  test('posting twice stores each once', async () => {
    const id = await project();
    const ids = await tasksWithoutImages(id, 130);
    const predictions = ids.map((task) => prediction(task));
    for (let pass = 0; pass < 2; pass += 1) {
      const outcome = await studio.postPredictions(id, predictions);
      expect([...outcome.stored].sort((a, b) => a - b)).toEqual(ids);
      expect(outcome.rejected).toEqual([]);
    }
    expect((await storedPredictions(id)).map((each) => each.task).sort((a, b) => a - b)).toEqual(ids);
  });

  test('stores an alias, and an empty result', async () => {
    const id = await project();
    const [a = 0, b = 0] = await tasksWithoutImages(id, 2);
    const outcome = await studio.postPredictions(id, [
      prediction(a, 'm-1', 'Car'),
      toPrediction(b, [], 'm-1'),
    ]);
    expect(outcome).toEqual({ stored: [a, b], rejected: [] });
    const stored = await storedPredictions(id);
    expect(stored.find((each) => each.task === a)?.result).toMatchObject([
      { value: { x: 5, y: 20, width: 15, height: 40, rectanglelabels: ['vehicle'] }, original_width: 200 },
    ]);
    expect(stored.find((each) => each.task === b)?.result).toEqual([]);
  });

  test('says which are refused and why, and stores the others', async () => {
    const id = await project();
    const [a = 0, b = 0, c = 0, deleted = 0] = await tasksWithoutImages(id, 4);
    await server.admin(`/api/tasks/${deleted}/`, { method: 'DELETE' });
    const [region] = prediction(b).result;
    if (region === undefined) throw new Error('no region');
    const badLabel = { ...region, value: { ...region.value, rectanglelabels: ['Ghost'] as const } };
    const outcome = await studio.postPredictions(id, [
      prediction(a),
      toPrediction(b, [badLabel], 'faces-0123abcd'),
      toPrediction(c, [{ ...region, from_name: 'box' }], 'faces-0123abcd'),
      prediction(deleted),
    ]);
    expect(outcome.stored).toEqual([a]);
    expect(outcome.rejected).toEqual([
      { task: b, reason: 'The label "Ghost" is not in "label" (labels: Face, vehicle).' },
      { task: c, reason: 'The project\'s labeling interface has no RectangleLabels named "box".' },
      { task: deleted, reason: 'The task is not in the project (any more).' },
    ]);
    expect((await storedPredictions(id)).map((each) => each.task)).toEqual([a]);
  });

  test('one that Label Studio chokes on is found in a few posts, and the others are stored', async () => {
    const id = await project();
    const ids = await tasksWithoutImages(id, 64);
    const choke = ids[37] ?? 0;
    let posts = 0;
    const client = withFetch(async (input, init) => {
      if (!isBulkPost(input)) return fetch(input, init);
      posts += 1;
      const sent = JSON.parse(init?.body as string) as { task: number }[];
      if (sent.every(({ task }) => task !== choke)) return fetch(input, init);
      return Response.json({ detail: 'Something is wrong with it.' }, { status: 400 });
    });
    const outcome = await client.postPredictions(
      id,
      ids.map((task) => prediction(task)),
    );
    expect(outcome.stored.toSorted((a, b) => a - b)).toEqual(ids.filter((task) => task !== choke));
    expect(outcome.rejected).toMatchObject([
      { task: choke, reason: expect.stringContaining('wrong') as string },
    ]);
    expect(posts).toBeLessThanOrEqual(15);
    expect(await storedPredictions(id)).toHaveLength(63);
  });

  test('a post that is cut after Label Studio took it is not stored twice', async () => {
    const id = await project();
    const ids = await tasksWithoutImages(id, 5);
    let cuts = 0;
    const client = withFetch(async (input, init) => {
      const response = await fetch(input, init);
      if (!isBulkPost(input) || cuts > 0) return response;
      cuts += 1;
      throw new TypeError('fetch failed');
    });
    const outcome = await client.postPredictions(
      id,
      ids.map((task) => prediction(task)),
    );
    expect([cuts, outcome]).toEqual([1, { stored: ids, rejected: [] }]);
    expect(await storedPredictions(id)).toHaveLength(5);
  });

  test('a post that the browser sent again by itself, unseen by the page, is stored once', async () => {
    const id = await project();
    const ids = await tasksWithoutImages(id, 5);
    const predictions = ids.map((task) => prediction(task));
    let posts = 0;
    const client = withFetch(async (input, init) => {
      if (isBulkPost(input)) {
        posts += 1;
        await fetch(input, init);
      }
      return fetch(input, init);
    });
    expect([await client.postPredictions(id, predictions), posts]).toEqual([
      { stored: ids, rejected: [] },
      1,
    ]);
    expect(await storedPredictions(id)).toHaveLength(5);
  });

  test('what a page left behind twice, closed before it knew, is stored once after the next post', async () => {
    const id = await project();
    const ids = await tasksWithoutImages(id, 3);
    const predictions = ids.map((task) => prediction(task));
    for (let time = 0; time < 2; time += 1) {
      await server.admin(`/api/projects/${id}/import/predictions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(predictions),
      });
    }
    expect(await storedPredictions(id)).toHaveLength(6);
    expect((await studio.postPredictions(id, predictions)).stored).toEqual(ids);
    expect(await storedPredictions(id)).toHaveLength(3);
  });

  test('what a late, cut post stored twice is stored once in the end', async () => {
    const id = await project();
    const ids = await tasksWithoutImages(id, 3);
    let late: (() => Promise<Response>) | null = null;
    let posts = 0;
    const client = withFetch(async (input, init) => {
      if (!isBulkPost(input)) return fetch(input, init);
      posts += 1;
      if (posts === 1) {
        late = () => fetch(input, { ...init, signal: null });
        throw new TypeError('fetch failed');
      }
      const response = await fetch(input, init);
      // The first post was still on its way, and arrives now.
      await late?.();
      return response;
    });
    expect(
      (
        await client.postPredictions(
          id,
          ids.map((task) => prediction(task)),
        )
      ).stored,
    ).toEqual(ids);
    expect((await storedPredictions(id)).map((each) => each.task)).toEqual(ids);
  });
});

test('the model version is shown once a prediction of it exists', async () => {
  const id = await project();
  const [task = 0] = await tasksWithoutImages(id, 1);
  await expect(studio.showModelVersion(id, 'faces-0123abcd')).rejects.toMatchObject({
    code: 'model-version-refused',
  });
  await studio.postPredictions(id, [prediction(task)]);
  await studio.showModelVersion(id, 'faces-0123abcd');
  expect((await studio.getProject(id)).modelVersion).toBe('faces-0123abcd');
});

test('a Label Studio whose CORS is narrowed answers without the header', async () => {
  const narrow = await startLabelStudio({ env: { CORS_ALLOWED_ORIGINS: 'http://elsewhere.example' } });
  try {
    const response = await fetch(`${narrow.url}/api/version`, {
      headers: { origin: 'http://localhost:9090' },
    });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  } finally {
    await narrow.stop();
  }
});

test('the predictions of one version can be counted and deleted, and those of others stay', async () => {
  const id = await project();
  const [a = 0, b = 0] = await tasksWithoutImages(id, 2);
  await studio.postPredictions(id, [prediction(a, 'old-1'), prediction(b, 'old-1'), prediction(a, 'new-2')]);
  await studio.showModelVersion(id, 'new-2');
  const counts = async () =>
    Object.fromEntries((await studio.modelVersions(id)).map((each) => [each.version, each.predictions]));
  expect(await counts()).toEqual({ 'old-1': 2, 'new-2': 1 });
  expect(await studio.deleteVersion(id, 'old-1')).toBe(2);
  expect(await studio.deleteVersion(id, 'old-1')).toBe(0);
  expect(await counts()).toEqual({ 'new-2': 1 });
  expect(await studio.havePrediction(id, 'new-2', [a, b])).toEqual(new Set([a]));
});
