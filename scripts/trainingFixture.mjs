/**
 * A Label Studio with one project and a relay in the middle of a training, as answers to the page's requests:
 * pictures of the Train step without an hour of training.
 */
const labelStudio = 'http://127.0.0.1:9001';
const project = 3;
const base = 'demo-face-10c0ffee';
const model = 'blood-cells-1a2b3c4d';

const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();

const dataset = {
  tasks: 164,
  train: 131,
  val: 33,
  boxes: 2214,
  negatives: 4,
  classes: [
    { name: 'Platelets', boxes: 162 },
    { name: 'RBC', boxes: 1893 },
    { name: 'WBC', boxes: 159 },
  ],
  newClasses: ['Platelets', 'RBC', 'WBC'],
  droppedClasses: ['face'],
  sha256: '0'.repeat(64),
};

const newClasses = {
  code: 'new-classes',
  message:
    'The project labels Platelets, RBC and WBC, which the old model does not know: they are learned from these images alone.',
};

function job(id, changes) {
  return {
    id,
    state: 'done',
    trigger: 'person',
    labelStudio,
    project,
    projectTitle: 'Blood cells',
    request: { project, preset: 'default' },
    executor: 'local',
    epochs: 5,
    base,
    model: null,
    metrics: { base: null, new: null },
    dataset,
    progress: null,
    notes: [],
    error: null,
    attempts: 1,
    created: ago(200),
    started: ago(199),
    ended: ago(188),
    ...changes,
  };
}

export const jobs = {
  running: job('20260105', {
    state: 'training',
    base: model,
    progress: {
      step: 'Training',
      done: 83,
      total: 165,
      epoch: 3,
      epochs: 5,
      secondsLeft: 176,
    },
    notes: [newClasses],
    created: ago(4),
    started: ago(4),
    ended: null,
  }),
  done: job('20260104', {
    model,
    request: { project, preset: 'quick' },
    metrics: {
      base: { AP: 0.213, AP50: 0.452, AP75: 0.171, APs: 0.052, APm: 0.204, APl: 0.338 },
      new: { AP: 0.461, AP50: 0.783, AP75: 0.482, APs: 0.049, APm: 0.437, APl: 0.592 },
    },
    notes: [newClasses],
  }),
  failed: job('20260103', {
    state: 'failed',
    trigger: 'automatic',
    created: ago(1500),
    error: {
      code: 'out-of-memory',
      message: 'The machine ran out of memory in epoch 2. Close other programs, then resume it.',
    },
  }),
  cancelled: job('20260102', { state: 'cancelled', created: ago(4000), dataset: null }),
};

function events() {
  const lines = [];
  for (let step = 3; step <= 83; step += 2) {
    const fall = Math.exp(-step / 45);
    const shake = 0.05 * Math.sin(step * 1.7) + 0.03 * Math.sin(step * 4.1);
    const [cls, bbox, centerness] = [0.75 * fall + 0.16, 0.55 * fall + 0.3, 0.06 * fall + 0.58];
    lines.push({
      type: 'loss',
      epoch: Math.ceil(step / 33),
      epochs: 5,
      iteration: step,
      iterations: 165,
      loss: cls + bbox + centerness + shake,
      losses: { cls: cls + shake, bbox, centerness },
      lr: 0.0025 * Math.min(1, step / 20),
      secondsLeft: 200,
    });
  }
  for (const [epoch, AP, AP50] of [
    [1, 0.12, 0.31],
    [2, 0.29, 0.57],
  ]) {
    lines.push({ type: 'evaluated', of: 'epoch', epoch, metrics: { AP, AP50 } });
  }
  return lines;
}

const stream = (all) =>
  all.map((data, index) => `id: ${index + 1}\ndata: ${JSON.stringify(data)}\n\n`).join('') || ':\n\n';

const log = Array.from(
  { length: 30 },
  (_, i) =>
    `mmengine - INFO - Epoch(train) [1][${i + 1}/33]  lr: 2.5000e-03  loss: ${(2 - i / 40).toFixed(4)}`,
).join('\n');

/** The answers of the relay, by method and path; undefined: nobody asks for this. */
function relayAnswer(method, path, from) {
  const byId = Object.values(jobs).find(({ id }) => path.startsWith(`/api/jobs/${id}`));
  if (path.endsWith('/events')) {
    return { contentType: 'text/event-stream', body: stream(byId === undefined ? [] : events()) };
  }
  if (path.endsWith('/log')) return { contentType: 'text/plain', body: from === '0' ? log : '' };
  const json = {
    'GET /api/training': {
      labelStudio: { url: labelStudio, hasToken: true },
      trainer: 'ready',
      executor: 'local',
      presets: [
        {
          name: 'default',
          epochs: 5,
          about:
            'Five passes over the images: a first model, or a little more for one that knows the classes.',
        },
        {
          name: 'quick',
          epochs: 8,
          about: 'A few minutes: good enough to correct boxes instead of drawing them.',
        },
        {
          name: 'thorough',
          epochs: 40,
          about: 'Up to half an hour on a CPU: the best model these images give.',
        },
      ],
    },
    'GET /api/jobs': { jobs: Object.values(jobs) },
    [`GET /api/projects/${project}`]: {
      model: null,
      trainEvery: 50,
      annotations: 12,
      threshold: 0.3,
      takeNewModel: false,
    },
    [`GET /api/projects/${project}/backend`]: {
      state: 'blocked',
      url: 'http://127.0.0.1:9090',
      message:
        'Label Studio refuses models at private addresses such as http://127.0.0.1:9090. Restart Label Studio with ' +
        'ML_BLOCK_LOCAL_IP=false and SSRF_PROTECTION_ENABLED=false, and connect again.',
    },
  }[`${method} ${path}`];
  return json === undefined ? undefined : { json };
}

function labelStudioAnswer(path, query) {
  const title = 'Blood cells';
  const label_config =
    '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">' +
    '<Label value="Platelets"/><Label value="RBC"/><Label value="WBC"/></RectangleLabels></View>';
  const one = { id: project, title, task_number: 205, label_config, model_version: '' };
  if (path === '/api/version') return { release: '1.23.2' };
  if (path === '/api/current-user/whoami') return { email: 'ada@example.org', username: 'ada' };
  if (path.startsWith('/api/projects')) return { next: null, results: [one] };
  if (path === '/api/tasks') {
    return { tasks: [], total: (query.get('query') ?? '').includes('annotations') ? 164 : 205 };
  }
  return {};
}

/** Puts both in front of the page. The relay's own answers stay for all but `/api`. */
export async function playTraining(context, url) {
  await context.route(`${url}/api/**`, (route) => {
    const { pathname, searchParams } = new URL(route.request().url());
    const answer = relayAnswer(route.request().method(), pathname, searchParams.get('from'));
    // Engine and panel are the real ones.
    return answer === undefined ? route.continue() : route.fulfill(answer);
  });
  await context.route(`${labelStudio}/**`, (route) => {
    const { pathname, searchParams } = new URL(route.request().url());
    const headers = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' };
    return route.fulfill({ headers, json: labelStudioAnswer(pathname, searchParams) });
  });
}

/** Has the page remember the project, so that its next load opens it. */
export function chooseProject(page) {
  const token = 'f'.repeat(40);
  return page.evaluate(
    ([access, last]) => {
      sessionStorage.setItem('label-studio', access);
      localStorage.setItem('forelabel-project', last);
    },
    [JSON.stringify({ url: labelStudio, token }), JSON.stringify({ url: labelStudio, id: project })],
  );
}

/** The one host besides the page's own that these pictures ask. */
export const fixtureHost = new URL(labelStudio).host;
