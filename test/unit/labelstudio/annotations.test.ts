import { expect, test } from 'vitest';
import { createLabelStudio } from '../../../src/labelstudio/client.ts';
import { fakeFetch, json, type Answer } from './fakeLabelStudio.ts';

const setUp = (routes: Readonly<Record<string, Answer>>) => {
  const { fetch, seen } = fakeFetch(routes);
  return { studio: createLabelStudio({ url: 'http://ls.example:8080', token: 'abc', fetch }), seen };
};
async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
const parametersOf = (seen: readonly { readonly url: string }[]) =>
  seen.map(({ url }) => Object.fromEntries(new URL(url).searchParams));

test('annotated tasks: the fields of annotations are asked for by name, and drafts not at all', async () => {
  const annotation = { id: 1, result: null, was_cancelled: null, updated_at: '2026-01-01T00:00:00Z' };
  const { studio, seen } = setUp({
    'GET /api/tasks?': () =>
      json({ total: 1, tasks: [{ id: 4, data: { image: 'a' }, annotations: [annotation] }] }),
  });
  expect(await all(studio.annotatedTasks(3))).toEqual([
    { id: 4, data: { image: 'a' }, annotation: { id: 1, result: [] } },
  ]);
  expect(parametersOf(seen)).toMatchObject([
    {
      project: '3',
      fields: 'all',
      include: 'id,data,annotations,result,was_cancelled,updated_at',
      resolve_uri: 'false',
    },
  ]);
  expect(seen[0]?.url).toContain(encodeURIComponent('"filter:tasks:total_annotations"'));
});

test('annotations without their results are not taken for empty ones', async () => {
  const { studio } = setUp({
    'GET /api/tasks?': () => json({ total: 1, tasks: [{ id: 4, annotations: [{ id: 1 }] }] }),
  });
  await expect(all(studio.annotatedTasks(3))).rejects.toMatchObject({ code: 'unexpected-answer' });
});

test('counting asks for one id', async () => {
  const { studio, seen } = setUp({ 'GET /api/tasks?': () => json({ total: 41, tasks: [{ id: 1 }] }) });
  expect(await studio.countAnnotated(3)).toBe(41);
  expect(parametersOf(seen)).toMatchObject([{ fields: 'task_only', include: 'id', page_size: '1' }]);
});

test('an image is sent again only if its tag has changed', async () => {
  const headers: (string | null)[] = [];
  const { studio } = setUp({
    GET: (_seen, init) => {
      const known = new Headers(init.headers).get('if-none-match');
      headers.push(known);
      return known === '"1"'
        ? new Response(null, { status: 304 })
        : new Response('image', { headers: { etag: '"1"', 'content-type': 'image/png' } });
    },
  });
  const task = {
    id: 1,
    data: { image: '/data/local-files/?d=a.png', web: 'https://elsewhere.example/a.png' },
  };
  for (const field of ['image', 'web']) {
    const first = await studio.fetchImageVersion(task, field, null);
    expect(first).toMatchObject({ tag: '"1"' });
    expect(first === 'unchanged' ? '' : await first.bytes.text()).toBe('image');
    expect(await studio.fetchImageVersion(task, field, '"1"')).toBe('unchanged');
  }
  expect(headers).toEqual([null, '"1"', null, '"1"']);
});
