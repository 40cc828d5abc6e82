import { describe, expect, it } from 'vitest';
import { ImageFetchError, LabelStudioError } from '../../../src/labelstudio/errors.ts';
import type { ImageFetchErrorCode, LabelStudioErrorCode } from '../../../src/labelstudio/errors.ts';
import type { LabelStudio, Prediction, Task, TaskQuery } from '../../../src/labelstudio/types.ts';
import { labelStudioSink, labelStudioSource } from '../../../src/prelabel/labelStudioSource.ts';
import type { ItemResult, SourceItem } from '../../../src/prelabel/types.ts';

const unused = (): never => {
  throw new Error('not expected to be called');
};

function labelStudio(parts: Partial<LabelStudio>): LabelStudio {
  return {
    connect: unused,
    listProjects: unused,
    getProject: unused,
    countTasks: unused,
    tasks: unused,
    annotatedTasks: unused,
    countAnnotated: unused,
    fetchImage: unused,
    fetchImageVersion: unused,
    havePrediction: unused,
    postPredictions: unused,
    showModelVersion: unused,
    listViews: unused,
    modelVersions: unused,
    deleteVersion: unused,
    useToken: unused,
    ...parts,
  };
}

const { signal } = new AbortController();
const project = { id: 7, title: 'Birds' };
const at = { url: 'http://ls.test:8080', project, imageField: 'photo' };
const broken = (code: LabelStudioErrorCode) => new LabelStudioError(code, `${code}. Do something.`);

async function* tasks(...ids: number[]): AsyncGenerator<Task> {
  for (const id of ids) yield await Promise.resolve({ id, data: { photo: `/data/upload/7/${id}.jpg` } });
}

async function itemsOf(source: ReturnType<typeof labelStudioSource>): Promise<SourceItem[]> {
  const items: SourceItem[] = [];
  for await (const item of source.items(signal)) items.push(item);
  return items;
}

describe('labelStudioSource', () => {
  it('lists the tasks that were asked for, and loads the image of the chosen field', async () => {
    const queries: TaskQuery[] = [];
    const loaded: (readonly [number, string])[] = [];
    const source = labelStudioSource({
      ...at,
      query: { onlyUnlabeled: true },
      labelStudio: labelStudio({
        countTasks: (query) => Promise.resolve(queries.push(query)),
        tasks: (query) => {
          queries.push(query);
          return tasks(3, 5);
        },
        fetchImage: (task, field) => {
          loaded.push([task.id, field]);
          return Promise.resolve(new Blob(['x']));
        },
      }),
    });
    expect(source.id).toBe('labelstudio:http://ls.test:8080:7');
    expect(await source.count(signal)).toBe(1);
    const items = await itemsOf(source);
    expect(items.map(({ key, taskId }) => [key, taskId])).toEqual([
      ['task:3', 3],
      ['task:5', 5],
    ]);
    await items[1]?.load(signal);
    expect(loaded).toEqual([[5, 'photo']]);
    expect(queries).toEqual([
      { projectId: 7, onlyUnlabeled: true },
      { projectId: 7, onlyUnlabeled: true },
    ]);
  });

  it.each<[LabelStudioErrorCode, string]>([
    ['unreachable', 'unreachable'],
    ['server-error', 'unreachable'],
    ['too-many-requests', 'unreachable'],
    ['unauthorized', 'signed-out'],
    ['legacy-token-disabled', 'signed-out'],
    ['forbidden', 'refused'],
    ['not-found', 'refused'],
  ])('tells that %s is about all of Label Studio, and %s', async (code, expected) => {
    const failing = labelStudio({
      countTasks: () => Promise.reject(broken(code)),
      // eslint-disable-next-line @typescript-eslint/require-await -- it fails at once
      async *tasks() {
        throw broken(code);
      },
    });
    const source = labelStudioSource({ ...at, labelStudio: failing });
    const error = { name: 'ConnectionError', code: expected, message: `${code}. Do something.` };
    await expect(source.count(signal)).rejects.toMatchObject(error);
    await expect(itemsOf(source)).rejects.toMatchObject(error);
  });

  it('asks Label Studio itself before it blames an image for what may be everything', async () => {
    const load = async (code: ImageFetchErrorCode, connect: LabelStudio['connect']): Promise<unknown> => {
      const source = labelStudioSource({
        ...at,
        labelStudio: labelStudio({
          connect,
          tasks: () => tasks(1),
          fetchImage: () => Promise.reject(new ImageFetchError(code, 'No image. Look.')),
        }),
      });
      return (await itemsOf(source))[0]?.load(signal).catch((error: unknown) => error);
    };
    const well: LabelStudio['connect'] = () => Promise.resolve({ url: at.url, version: '1', user: 'u' });
    const gone: LabelStudio['connect'] = () => Promise.reject(broken('unreachable'));
    const expired: LabelStudio['connect'] = () => Promise.reject(broken('unauthorized'));
    expect(await load('image-unreachable', gone)).toMatchObject({
      name: 'ConnectionError',
      code: 'unreachable',
    });
    expect(await load('image-not-allowed', expired)).toMatchObject({
      name: 'ConnectionError',
      code: 'signed-out',
    });
    expect(await load('image-unreachable', well)).toMatchObject({ code: 'image-unreachable' });
    // Nothing but this image can be meant: nobody is asked.
    expect(await load('image-not-found', unused)).toMatchObject({ code: 'image-not-found' });
  });
});

describe('labelStudioSink', () => {
  const labels = [{ value: 'Bird', alias: null, predictedValues: [], color: null }];
  const control = { name: 'boxes', toName: 'img', imageField: 'photo', labels };
  const publication = { mapping: { control, labels: ['Bird'] }, threshold: 0.5 };
  const result = (taskId: number | null, score: number): ItemResult => ({
    sourceId: 's',
    key: `task:${taskId ?? 'none'}`,
    name: 'n',
    taskId,
    modelVersion: 'm-12345678',
    state: 'done',
    width: 200,
    height: 100,
    detections: [{ x1: 20, y1: 10, x2: 60, y2: 50, score, label: 0 }],
    timings: null,
    backend: null,
    error: null,
    at: 0,
  });

  it('applies mapping and threshold, and posts an empty prediction where nothing is left', async () => {
    const posted: Prediction[] = [];
    const sink = labelStudioSink({
      projectId: 7,
      modelVersion: 'm-12345678',
      publication: () => publication,
      labelStudio: labelStudio({
        postPredictions: (projectId, predictions) => {
          expect(projectId).toBe(7);
          posted.push(...predictions);
          return Promise.resolve({ stored: predictions.map(({ task }) => task), rejected: [] });
        },
      }),
    });
    const outcome = await sink.post([result(1, 0.9), result(2, 0.4), result(null, 0.9)], signal);
    expect(outcome.stored).toEqual([1, 2]);
    expect(posted).toMatchObject([
      {
        task: 1,
        score: 0.9,
        model_version: 'm-12345678',
        result: [{ from_name: 'boxes', to_name: 'img', value: { x: 10, y: 10, width: 20, height: 40 } }],
      },
      { task: 2, score: 0, model_version: 'm-12345678', result: [] },
    ]);
  });

  it('shows the version at the end, and passes trouble on as the connection’s', async () => {
    const shown: unknown[] = [];
    const sink = labelStudioSink({
      projectId: 7,
      modelVersion: 'm-12345678',
      publication: () => publication,
      labelStudio: labelStudio({
        showModelVersion: (...call) => Promise.resolve(void shown.push(call.slice(0, 2))),
        postPredictions: () => Promise.reject(broken('forbidden')),
      }),
    });
    await sink.finish(true, signal);
    expect(shown).toEqual([[7, 'm-12345678']]);
    await expect(sink.post([result(1, 0.9)], signal)).rejects.toMatchObject({ code: 'refused' });
  });

  it('deletes an older version when every task has the new one, and not before', async () => {
    const calls: unknown[] = [];
    const sink = labelStudioSink({
      projectId: 7,
      modelVersion: 'm-2',
      publication: () => publication,
      replaces: 'm-1',
      labelStudio: labelStudio({
        showModelVersion: (_project, version) => Promise.resolve(void calls.push(['show', version])),
        deleteVersion: (_project, version) => Promise.resolve(calls.push(['delete', version])),
      }),
    });
    await sink.finish(false, signal);
    expect(calls).toEqual([['show', 'm-2']]);
    await sink.finish(true, signal);
    expect(calls.slice(1)).toEqual([
      ['show', 'm-2'],
      ['delete', 'm-1'],
    ]);
  });
});
