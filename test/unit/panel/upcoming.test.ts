import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { namedTask, projectPage } from '../../../src/panel/bridge/site.ts';
import { upcomingTasks, wayOf } from '../../../src/panel/bridge/upcoming.ts';
import type { Api } from '../../../src/labelstudio/api.ts';

describe('the address of the page', () => {
  it.each([
    ['?tab=3&task=7', { tab: 3, stream: false }],
    ['?task=7', { tab: null, stream: false }],
    ['?tab=3&labeling=1', { tab: 3, stream: true }],
    ['?tab=x', { tab: null, stream: false }],
    ['', { tab: null, stream: false }],
  ])('says the way through the project: %s', (search, way) => {
    expect(wayOf(2, search)).toEqual({ project: 2, ...way });
  });

  it.each([
    ['?tab=3&task=7', 7],
    ['?task=x', null],
    ['?labeling=1', null],
  ])('names a task or none: %s', (search, task) => {
    expect(namedTask({ search })).toBe(task);
  });

  it('says where Label Studio is, also below a path', () => {
    const origin = 'https://example.com';
    expect(projectPage({ origin, pathname: '/ls/projects/3/data' })).toEqual({
      url: 'https://example.com/ls',
      project: 3,
    });
    expect(projectPage({ origin, pathname: '/projects/' })).toBeNull();
  });
});

describe('the tasks that follow', () => {
  /** A Label Studio whose tab shows the tasks in an order of its own. */
  function labelStudio(tab: readonly number[], all: readonly number[]) {
    const asked: URLSearchParams[] = [];
    const get: Api['get'] = (path, schema) => {
      if (path.startsWith('/api/dm/views')) return Promise.resolve(v.parse(schema, [{ id: 3 }]));
      const parameters = new URLSearchParams(path.split('?')[1]);
      asked.push(parameters);
      const query = parameters.get('query') ?? '';
      const from = Number(/"greater_or_equal"[^}]*"value":(\d+)/u.exec(query)?.[1] ?? 0);
      const ids = parameters.has('view') ? tab : all.filter((id) => id >= from);
      return Promise.resolve(
        v.parse(schema, { total: ids.length, tasks: ids.map((id) => ({ id, data: {} })) }),
      );
    };
    return { api: { get } as Api, asked };
  }
  const { signal } = new AbortController();

  it('are those of the tab, in its order', async () => {
    const { api, asked } = labelStudio([9, 4, 7, 1, 5], [1, 4, 5, 7, 9]);
    expect(await upcomingTasks(api, { project: 2, tab: 3, stream: false }, 4, signal)).toEqual([7, 1, 5]);
    expect(asked[0]?.get('fields')).toBe('task_only');
  });

  it('are the next ones by number where the task is not among the first of its tab, and in the label stream', async () => {
    const { api } = labelStudio([9, 7], [1, 4, 5, 6, 7, 9]);
    expect(await upcomingTasks(api, { project: 2, tab: 3, stream: false }, 4, signal)).toEqual([5, 6, 7]);
    const stream = labelStudio([9, 7], [1, 4, 5, 6, 7, 9]);
    expect(await upcomingTasks(stream.api, { project: 2, tab: 3, stream: true }, 6, signal)).toEqual([7, 9]);
    expect(stream.asked[0]?.get('query')).toContain('total_annotations');
  });
});
