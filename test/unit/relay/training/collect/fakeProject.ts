/** A Label Studio with one project, as far as collecting sees it: a `fetch` that answers from memory. */
import type { CatalogModel } from '../../../../../src/relay/modelCatalog.ts';
import type { CollectRequest } from '../../../../../src/relay/training/contracts.ts';
import { fakeFetch, json, type Answer } from '../../../labelstudio/fakeLabelStudio.ts';

export const access = { url: 'http://ls.example:8080', token: 'abc' };

export const config = (labels: string) =>
  `<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">${labels}</RectangleLabels></View>`;

export interface FakeRegion {
  readonly label?: string | readonly string[];
  /** Percent. */
  readonly at?: readonly [x: number, y: number, width: number, height: number];
  readonly rotation?: number;
  readonly size?: readonly [width: number, height: number];
  readonly tag?: string;
  readonly turned?: number;
}

export const region = ({
  label = 'Face',
  at: [x, y, width, height] = [10, 20, 30, 40],
  rotation = 0,
  size: [original_width, original_height] = [100, 50],
  tag = 'label',
  turned = 0,
}: FakeRegion = {}) => ({
  id: 'r',
  type: 'rectanglelabels',
  from_name: tag,
  to_name: 'image',
  original_width,
  original_height,
  image_rotation: turned,
  value: { x, y, width, height, rotation, rectanglelabels: typeof label === 'string' ? [label] : label },
});

export interface FakeAnnotation {
  readonly id?: number;
  readonly result?: readonly unknown[];
  readonly was_cancelled?: boolean;
  readonly updated_at?: string;
}
export interface FakeTask {
  readonly id: number;
  /** Address; default: an upload of its own. */
  readonly image?: string;
  readonly annotations?: readonly FakeAnnotation[];
}

/** A task with one submitted annotation. */
export const annotated = (id: number, ...result: readonly unknown[]): FakeTask => ({
  id,
  annotations: [{ result }],
});

export function fakeProject(options: {
  readonly config?: string;
  readonly tasks?: readonly FakeTask[];
  readonly image?: Answer;
  readonly routes?: Readonly<Record<string, Answer>>;
}) {
  const { tasks = [] } = options;
  const answerTasks: Answer = ({ url }) => {
    const query = JSON.parse(new URL(url).searchParams.get('query') ?? '{}') as {
      filters: { items: readonly { filter: string; value: number }[] };
    };
    const after = query.filters.items.find(({ filter }) => filter === 'filter:tasks:id')?.value ?? 0;
    const size = Number(new URL(url).searchParams.get('page_size'));
    const found = tasks.filter(({ id }) => id > after).sort((a, b) => a.id - b.id);
    return json({
      total: found.length,
      tasks: found.slice(0, size).map(({ id, image = `/data/upload/5/${id}.png`, annotations = [] }) => ({
        id,
        data: { image, text: 'other data' },
        annotations: annotations.map((each, index) => ({
          id: each.id ?? id * 100 + index,
          result: each.result ?? [],
          was_cancelled: each.was_cancelled ?? false,
          updated_at: each.updated_at ?? '2026-01-01T00:00:00Z',
        })),
      })),
    });
  };
  return fakeFetch({
    ...options.routes,
    'GET /api/projects/5/': () =>
      json({ id: 5, title: 'Faces', label_config: options.config ?? config('<Label value="Face"/>') }),
    'GET /api/tasks?': answerTasks,
    ...(options.image === undefined ? {} : { 'GET ': options.image }),
    ...options.routes,
  });
}

/** What a collection is asked for; of the base model, only name and classes count. */
export function request(folder: string, classes: readonly string[] = ['face']): CollectRequest {
  const base = { name: 'demo-face', version: 'demo-face-0123abcd', manifest: { classes } };
  return { labelStudio: access.url, project: 5, folder, base: base as unknown as CatalogModel };
}
