/**
 * Answers as a real Label Studio 1.23.2 was recorded to answer, for as many tasks as are wanted: one project, one
 * image, predictions counted. Only what a run asks for.
 */

interface Stored {
  readonly id: number;
  readonly model_version: string;
}

const project = {
  id: 1,
  title: 'Many',
  task_number: 0,
  label_config:
    '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="Face"/></RectangleLabels></View>',
  model_version: '',
};

export function recordedLabelStudio(tasks: number): { readonly fetch: typeof fetch } {
  const predictions = new Map<number, Stored[]>();
  const versions = new Map<string, number>();
  let shown = '';
  let lastPrediction = 0;

  function page(url: URL): unknown {
    const query = JSON.parse(url.searchParams.get('query') ?? '{}') as {
      filters?: { items: readonly { filter: string; operator: string; value: unknown }[] };
      selectedItems?: { included: readonly number[] };
    };
    const size = Number(url.searchParams.get('page_size'));
    const withPredictions = url.searchParams.get('include')?.includes('predictions') === true;
    const after = Math.max(
      0,
      ...(query.filters?.items ?? [])
        .filter(({ operator }) => operator === 'greater')
        .map(({ value }) => Number(value)),
    );
    const bound = (wanted: string): number | undefined => {
      const found = query.filters?.items.find(({ operator }) => operator === wanted);
      return found === undefined ? undefined : Number(found.value);
    };
    const [first, last] = [bound('greater_or_equal'), bound('less_or_equal')];
    if (!withPredictions && first !== undefined && last !== undefined) {
      // How many of a range hold a version: every version here has the one name.
      let held = 0;
      for (let id = first; id <= last; id += 1) held += predictions.has(id) ? 1 : 0;
      return { total_annotations: 0, total_predictions: held, total: held, tasks: [] };
    }
    const included = query.selectedItems?.included.filter((id) => id > after && id <= tasks);
    const ids =
      included ?? Array.from({ length: Math.max(0, Math.min(size, tasks - after)) }, (_, i) => after + 1 + i);
    return {
      total_annotations: 0,
      total_predictions: predictions.size,
      total: included?.length ?? tasks - after,
      tasks: ids.slice(0, size).map((id) => ({
        id,
        data: { image: `/data/upload/1/3f2a9c1e-${id % 4}.jpg` },
        ...(withPredictions ? { predictions: predictions.get(id) ?? [] } : {}),
      })),
    };
  }

  function store(body: string): unknown {
    const items = JSON.parse(body) as readonly { task: number; model_version: string }[];
    for (const { task, model_version } of items) {
      const held = predictions.get(task) ?? [];
      predictions.set(task, [...held, { id: (lastPrediction += 1), model_version }]);
      versions.set(model_version, (versions.get(model_version) ?? 0) + 1);
    }
    return { created: items.length };
  }

  const answer = (url: URL, method: string, body: string): unknown => {
    if (url.pathname === '/api/tasks') return page(url);
    if (url.pathname.endsWith('/import/predictions')) return store(body);
    if (url.pathname.endsWith('/model-versions/')) return Object.fromEntries(versions);
    if (url.pathname === '/api/projects/1/') {
      if (method === 'PATCH') shown = (JSON.parse(body) as { model_version: string }).model_version;
      return { ...project, task_number: tasks, model_version: shown };
    }
    throw new Error(`Nothing was recorded for ${method} ${url.pathname}.`);
  };

  const image = new Blob([new Uint8Array(64)], { type: 'image/jpeg' });
  return {
    fetch: (input, init = {}) => {
      const url = new URL(input as string);
      if (url.pathname.startsWith('/data/upload/')) return Promise.resolve(new Response(image));
      const body = typeof init.body === 'string' ? init.body : '';
      return Promise.resolve(Response.json(answer(url, init.method ?? 'GET', body)));
    },
  };
}
