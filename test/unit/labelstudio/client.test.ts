import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLabelStudio } from '../../../src/labelstudio/client.ts';
import { detectionsToRegions, toPrediction } from '../../../src/labelstudio/regions.ts';
import { fakeFetch, json, noAnswer, silence, type Answer } from './fakeLabelStudio.ts';

const URL_TYPED = 'http://ls.example:8080/';
const setUp = (routes: Readonly<Record<string, Answer>>) => {
  const { fetch, seen } = fakeFetch(routes);
  return { studio: createLabelStudio({ url: URL_TYPED, token: 'abc', fetch }), seen };
};
const html = (body: string, status = 200) =>
  new Response(body, { status, headers: { 'content-type': 'text/html; charset=utf-8' } });

const { setInterval: everyRealMillisecond } = globalThis;
let pump: NodeJS.Timeout;

beforeEach(() => {
  // Retries and timeouts wait; the tests run on a clock a hundred times as quick.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  pump = everyRealMillisecond(() => vi.advanceTimersByTime(100), 1);
});
afterEach(() => {
  clearInterval(pump);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const version = { 'GET /api/version': () => json({ release: '1.23.2' }) };

describe('connect', () => {
  test('tells version and user; the version is asked for without the token', async () => {
    const { studio, seen } = setUp({
      ...version,
      'GET /api/current-user/whoami': () => json({ email: 'a@b.c' }),
    });
    expect(await studio.connect()).toEqual({
      url: 'http://ls.example:8080',
      version: '1.23.2',
      user: 'a@b.c',
    });
    expect(seen.map(({ authorization }) => authorization)).toEqual([null, 'Token abc']);
  });

  test.each([
    ['another web site', () => html('<!doctype html><title>Router</title>')],
    ['a 404', () => html('<h1>Not Found</h1>', 404)],
    ['another JSON server', () => json({ name: 'other' })],
  ])('%s is not Label Studio', async (_name, answer) => {
    await expect(setUp({ 'GET /api/version': answer }).studio.connect()).rejects.toMatchObject({
      code: 'not-label-studio',
      message: expect.stringContaining('http://ls.example:8080') as string,
    });
  });

  test.each([
    [401, 'Invalid token.', 'unauthorized'],
    [
      401,
      'Authentication token no longer valid: legacy token authentication has been disabled for this organization',
      'legacy-token-disabled',
    ],
    [403, 'You do not have permission', 'forbidden'],
    [418, 'teapot', 'bad-request'],
  ])('%i %j is %s', async (status, detail, code) => {
    const { studio } = setUp({ ...version, 'GET /api/current-user/whoami': () => json({ detail }, status) });
    const error: unknown = await studio.connect().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, status });
    expect(String(error)).toMatch(/[^.]\. [A-Z].*\.$/u);
    expect(String(error)).not.toContain('abc');
  });

  test.each([
    [500, 'server-error'],
    [502, 'server-error'],
    [429, 'too-many-requests'],
  ])('%i is tried three times', async (status, code) => {
    const { studio, seen } = setUp({ 'GET /api/version': () => html('<h1>no</h1>', status) });
    await expect(studio.connect()).rejects.toMatchObject({ code, status });
    expect(seen).toHaveLength(3);
  });

  test('what fails in passing does no harm', async () => {
    let calls = 0;
    const { studio } = setUp({
      'GET /api/version': (seen, init) =>
        (calls += 1) < 3 ? noAnswer(seen, init) : json({ release: '1.23.2' }),
      'GET /api/current-user/whoami': () => json({ username: 'u' }),
    });
    expect((await studio.connect()).user).toBe('u');
  });

  test('a server that never answers is a timeout', async () => {
    const { studio } = setUp({ 'GET /api/version': silence });
    await expect(studio.connect()).rejects.toMatchObject({ code: 'timeout' });
  });

  test('an abort is the reason of the signal, at once', async () => {
    const { studio, seen } = setUp({ 'GET /api/version': silence });
    const controller = new AbortController();
    const connecting = studio.connect(controller.signal);
    setTimeout(() => controller.abort(new Error('enough')), 10);
    await expect(connecting).rejects.toThrow('enough');
    expect(seen).toHaveLength(1);
  });
});

describe('in a page', () => {
  const cors: Answer = (_seen, init) =>
    init.mode === 'no-cors' ? new Response(null) : Promise.reject(new TypeError('Failed to fetch'));

  test('a server without CORS is told from none, with the origin to allow', async () => {
    vi.stubGlobal('location', { href: 'http://localhost:9090/app' });
    await expect(setUp({ 'GET /': cors }).studio.connect()).rejects.toMatchObject({
      code: 'cors',
      message: expect.stringContaining('CORS_ALLOWED_ORIGINS=http://localhost:9090') as string,
    });
    await expect(setUp({ 'GET /': noAnswer }).studio.connect()).rejects.toMatchObject({
      code: 'unreachable',
    });
  });

  test('an isolated page, which cannot tell the two apart, says what to do in either case', async () => {
    vi.stubGlobal('location', { href: 'http://localhost:9090/app' });
    vi.stubGlobal('crossOriginIsolated', true);
    const { studio } = setUp({ 'GET /': noAnswer, 'GET https://bucket.example': noAnswer });
    await expect(studio.connect()).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(
        /start Label Studio.*CORS_ALLOWED_ORIGINS=http:\/\/localhost:9090/u,
      ) as string,
    });
    await expect(
      studio.fetchImage({ id: 1, data: { image: 'https://bucket.example/a.png' } }, 'image'),
    ).rejects.toMatchObject({
      code: 'image-unreachable',
      message: expect.stringMatching(/another tab.*http:\/\/localhost:9090/u) as string,
    });
  });

  test('plain http from an https page is said so', async () => {
    vi.stubGlobal('location', { href: 'https://app.example/' });
    await expect(setUp({ 'GET /': noAnswer }).studio.connect()).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('https') as string,
    });
  });

  test('a bucket without CORS is named', async () => {
    vi.stubGlobal('location', { href: 'http://localhost:9090/app' });
    const { studio } = setUp({ 'GET /': cors, 'GET https://bucket.example': cors });
    await expect(
      studio.fetchImage({ id: 1, data: { image: 's3://bucket/a.png' } }, 'image'),
    ).rejects.toMatchObject({
      code: 'image-cors',
      message: expect.stringContaining('s3://bucket/a.png') as string,
    });
    await expect(
      studio.fetchImage({ id: 1, data: { image: 'https://bucket.example/a.png' } }, 'image'),
    ).rejects.toMatchObject({
      code: 'image-cors',
      message: expect.stringContaining('http://localhost:9090') as string,
    });
  });
});

describe('fetchImage', () => {
  const png = () => new Response(new Uint8Array([137, 80]), { headers: { 'content-type': 'image/png' } });
  const imageOf = (data: Record<string, unknown>) => ({ id: 7, data });

  test.each([
    ['/data/upload/1/a.png', 'http://ls.example:8080/data/upload/1/a.png', 'Token abc'],
    ['data/upload/1/a.png', 'http://ls.example:8080/data/upload/1/a.png', 'Token abc'],
    ['http://ls.example:8080/data/upload/1/a.png', 'http://ls.example:8080/data/upload/1/a.png', 'Token abc'],
    ['s3://b/a.png', 'http://ls.example:8080/tasks/7/resolve/?fileuri=czM6Ly9iL2EucG5n', 'Token abc'],
    ['gs://b/é~.png', 'http://ls.example:8080/tasks/7/resolve/?fileuri=Z3M6Ly9iL8Opfi5wbmc%3D', 'Token abc'],
    ['http://ls.example/a.png', 'http://ls.example/a.png', null],
    ['https://ls.example:8080/a.png', 'https://ls.example:8080/a.png', null],
    ['//other.example/a.png', 'http://other.example/a.png', null],
    ['http://ls.example:8080@evil.example/a.png', 'http://ls.example:8080@evil.example/a.png', null],
  ])('%s is asked for at %s with %j', async (image, url, authorization) => {
    const { studio, seen } = setUp({ GET: png });
    expect((await studio.fetchImage(imageOf({ image }), 'image')).size).toBe(2);
    expect(seen).toMatchObject([{ url, authorization }]);
  });

  test('under a sub-path, addresses with it and without it are the same', async () => {
    const { fetch, seen } = fakeFetch({ GET: png });
    const studio = createLabelStudio({ url: 'https://h.example/ls', token: 'abc', fetch });
    await studio.fetchImage(imageOf({ image: '/ls/data/upload/1/a.png' }), 'image');
    await studio.fetchImage(imageOf({ image: '/data/upload/1/a.png' }), 'image');
    expect(seen.map(({ url }) => url)).toEqual(Array(2).fill('https://h.example/ls/data/upload/1/a.png'));
  });

  test('reads nested fields and data: addresses', async () => {
    const { studio, seen } = setUp({ 'GET data:': png });
    await studio.fetchImage(imageOf({ photo: { url: 'data:image/png;base64,iVA=' } }), 'photo.url');
    await studio.fetchImage(imageOf({ 'photo.url': 'data:image/png;base64,iVA=' }), 'photo.url');
    expect(seen.map(({ authorization }) => authorization)).toEqual([null, null]);
  });

  test.each([
    [{}, 'image-field-missing'],
    [{ image: '' }, 'image-field-missing'],
    [{ image: 5 }, 'image-field-missing'],
    [{ image: ['/a.png'] }, 'image-field-missing'],
    [{ image: 'file:///etc/passwd' }, 'image-unsupported-address'],
    [{ image: 'ftp://h/a.png' }, 'image-unsupported-address'],
    [{ image: 'http://' }, 'image-unsupported-address'],
  ])('%j is %s, and nothing is asked', async (data, code) => {
    const { studio, seen } = setUp({});
    await expect(studio.fetchImage(imageOf(data), 'image')).rejects.toMatchObject({
      name: 'ImageFetchError',
      code,
    });
    expect(seen).toEqual([]);
  });

  test.each([
    [
      'a sign-in page',
      () => html('<form><input name="csrfmiddlewaretoken"></form>'),
      'image-not-an-image',
      1,
    ],
    ['a JSON error with 200', () => json({ error: 'x' }), 'image-not-an-image', 1],
    ['an empty file', () => new Response(new Blob([], { type: 'image/png' })), 'image-not-an-image', 1],
    ['404', () => html('', 404), 'image-not-found', 1],
    ['403', () => json({}, 403), 'image-not-allowed', 1],
    ['424', () => json({ detail: 'no such bucket' }, 424), 'image-not-found', 1],
    ['503', () => html('', 503), 'image-server-error', 3],
    ['no answer', noAnswer, 'image-unreachable', 3],
  ])('%s', async (_name, answer, code, calls) => {
    const { studio, seen } = setUp({ GET: answer });
    const error: unknown = await studio
      .fetchImage(imageOf({ image: '/data/upload/1/a.png' }), 'image')
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'ImageFetchError', code });
    expect(String(error)).toMatch(/[^.]\. [A-Z].*\.$/u);
    expect(seen).toHaveLength(calls);
  });
});

describe('postPredictions', () => {
  const label_config =
    '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="Face"/></RectangleLabels></View>';
  const control = { name: 'label', toName: 'image', imageField: 'image', labels: [] };
  const regions = detectionsToRegions(
    [{ x1: 1, y1: 1, x2: 5, y2: 5, score: 0.9, label: 0 }],
    { width: 10, height: 10 },
    { control, labels: ['Face'] },
    0,
  );
  const project = {
    // The first that fits is taken.
    'GET /api/projects/1/model-versions/': () => json({}),
    'GET /api/projects/1/': () => json({ id: 1, label_config }),
  };

  test('a server that keeps failing is an error after three posts, and nothing is called stored', async () => {
    const { studio, seen } = setUp({
      ...project,
      'GET /api/tasks': () => json({ total: 1, tasks: [{ id: 5, predictions: [] }] }),
      'POST /api/projects/1/import/predictions': () => json({}, 502),
    });
    await expect(studio.postPredictions(1, [toPrediction(5, regions, 'm')])).rejects.toMatchObject({
      code: 'server-error',
    });
    expect(seen.filter(({ method }) => method === 'POST')).toHaveLength(3);
  });

  test('a call that is refused as a whole is taken apart', async () => {
    const stored = new Set<number>();
    const { studio } = setUp({
      ...project,
      'GET /api/tasks': () => json({ total: 2, tasks: [5, 6].map((id) => ({ id, predictions: [] })) }),
      'POST /api/projects/1/import/predictions': ({ body }) => {
        const items = JSON.parse(body ?? '[]') as { task: number }[];
        if (items.some(({ task }) => task === 6)) return json({ detail: 'item is odd' }, 400);
        items.forEach(({ task }) => stored.add(task));
        return json({ created: items.length }, 201);
      },
    });
    const outcome = await studio.postPredictions(1, [
      toPrediction(5, regions, 'm'),
      toPrediction(6, regions, 'm'),
    ]);
    expect(outcome.stored).toEqual([5]);
    expect(outcome.rejected).toMatchObject([
      { task: 6, reason: expect.stringContaining('item is odd') as string },
    ]);
    expect([...stored]).toEqual([5]);
  });

  test('what is dropped without a word is reported, not called stored', async () => {
    const { studio } = setUp({
      ...project,
      'GET /api/tasks': () => json({ total: 1, tasks: [{ id: 5, predictions: [] }] }),
      'POST /api/projects/1/import/predictions': () => json({ created: 0 }, 201),
    });
    expect(await studio.postPredictions(1, [toPrediction(5, regions, 'm')])).toMatchObject({
      stored: [],
      rejected: [{ task: 5, reason: expect.stringContaining('no reason') as string }],
    });
  });

  test('5,000 predictions, or 25,000 regions, are one post; what nobody holds is looked up in one request', async () => {
    const posts: number[] = [];
    const { studio, seen } = setUp({
      'GET /api/projects/1/model-versions/': () => json({ m: posts.reduce((sum, each) => sum + each, 0) }),
      'GET /api/projects/1/': project['GET /api/projects/1/'],
      'GET /api/tasks': () => json({ total: 0, tasks: [] }),
      'POST /api/projects/1/import/predictions': ({ body }) => {
        posts.push((JSON.parse(body ?? '[]') as unknown[]).length);
        return json({ created: posts.at(-1) }, 201);
      },
    });
    const many = (count: number, size: number) =>
      Array.from({ length: count }, (_, task) =>
        toPrediction(task + 1, Array.from({ length: size }, () => regions).flat(), 'm'),
      );
    expect((await studio.postPredictions(1, many(5001, 1))).stored).toHaveLength(5001);
    expect(posts).toEqual([5000, 1]);
    expect(seen.filter(({ url }) => url.includes('/api/tasks'))).toHaveLength(2);
    posts.length = 0;
    expect((await studio.postPredictions(1, many(7, 10_000))).stored).toHaveLength(7);
    expect(posts).toEqual([2, 2, 2, 1]);
  });

  test('nothing to post asks nothing', async () => {
    expect(await setUp({}).studio.postPredictions(1, [])).toEqual({ stored: [], rejected: [] });
  });
});

test('tasks: a page is asked for only when the one before it is used up', async () => {
  const { studio, seen } = setUp({
    'GET /api/tasks': ({ url }) => {
      const after = Number(/"value":(\d+)/u.exec(new URL(url).searchParams.get('query') ?? '')?.[1]);
      return json({ total: 3 - after, tasks: after < 3 ? [{ id: after + 1, data: {} }] : [] });
    },
  });
  const ids: number[] = [];
  for await (const { id } of studio.tasks({ projectId: 1 })) {
    ids.push(id);
    expect(seen).toHaveLength(ids.length);
  }
  expect(ids).toEqual([1, 2, 3]);
});
