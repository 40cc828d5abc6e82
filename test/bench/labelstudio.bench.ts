/**
 * `npm run bench:labelstudio`: 200 tasks of a real Label Studio predicted and stored, all in: Forelabel's command line
 * and its page, beside a Python ML backend and Label Studio's own 'Retrieve Predictions'.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { chromium, type Browser } from 'playwright-core';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trainerPython } from '../../scripts/trainer-setup.mjs';
import { chromiumFlagsWithoutGpu, chromiumPath } from '../support/chromium.ts';
import { forelabelCommand, startForelabel, type ForelabelServer } from '../support/forelabelServer.ts';
import { startLabelStudio, type LabelStudioServer } from '../support/labelStudioServer.ts';
import { demo } from './engines/benchModels.ts';
import { photos } from './engines/photos.ts';
import { median } from './engines/table.ts';

const tasks = Number(process.env.FORELABEL_BENCH_TASKS ?? 200);
const rounds = Number(process.env.FORELABEL_BENCH_ROUNDS ?? 3);
const labelConfig =
  '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="Face"/></RectangleLabels></View>';

interface Backend {
  readonly url: string;
  stop(): Promise<void>;
}

let labelStudio: LabelStudioServer;
let forelabel: ForelabelServer;
let browser: Browser;
let backend: Backend;
/** Addresses of uploads, within Label Studio. */
let addresses: readonly string[];
let projects = 0;

const taskSchema = v.object({ data: v.object({ image: v.string() }) });
const predictionsSchema = v.array(v.object({ task: v.number() }));

async function startBackend(): Promise<Backend> {
  const repository = join(import.meta.dirname, '..', '..');
  const script = join(repository, 'test', 'bench', 'peers', 'python_backend.py');
  const child = spawn(
    await trainerPython(),
    [script, demo.folder, labelStudio.url, labelStudio.legacyToken],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, PYTHONPATH: join(repository, 'src', 'trainer') },
    },
  );
  const url = (await once(createInterface({ input: child.stdout }), 'line'))[0] as string;
  return {
    url,
    async stop() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function json(path: string, body: unknown): Promise<unknown> {
  const answer = await labelStudio.admin(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text}`);
  return JSON.parse(text);
}

/** A project of its own for each pass: nothing in it is predicted yet. */
async function freshProject(): Promise<{ id: number; title: string }> {
  projects += 1;
  const title = `Faces ${projects}`;
  const id = await labelStudio.createProject({ title, labelConfig });
  const list = Array.from({ length: tasks }, (_, index) => ({
    data: { image: addresses[index % addresses.length] },
  }));
  await labelStudio.importTasks(id, list);
  return { id, title };
}

beforeAll(async () => {
  labelStudio = await startLabelStudio({
    legacyToken: true,
    env: { ML_BLOCK_LOCAL_IP: 'false', SSRF_PROTECTION_ENABLED: 'false' },
  });
  forelabel = await startForelabel();
  browser = await chromium.launch({ executablePath: chromiumPath(), args: [...chromiumFlagsWithoutGpu] });
  backend = await startBackend();
  const files = await Promise.all(
    photos(20).map(async (file) => ({ name: basename(file), data: await readFile(file) })),
  );
  const store = await labelStudio.createProject({ title: 'Photos', labelConfig });
  const ids = await labelStudio.importImageFiles(store, files);
  addresses = await Promise.all(
    ids.map(async (id) => {
      const answer = await labelStudio.admin(`/api/tasks/${id}/`);
      return v.parse(taskSchema, await answer.json()).data.image;
    }),
  );
});

/** The command line from its start to its end, its model's loading included. */
async function commandLine({ id }: { id: number }): Promise<number> {
  const started = performance.now();
  await execa(
    process.execPath,
    [forelabelCommand, 'predict', '--project', String(id), '--model', 'demo-face', '--post'],
    {
      env: { LABEL_STUDIO_URL: labelStudio.url, LABEL_STUDIO_API_KEY: labelStudio.pat },
    },
  );
  return performance.now() - started;
}

/** The page, from the click on 'Run and post' to the last confirmed prediction. */
async function page(engine: 'wasm' | 'relay', { title }: { title: string }): Promise<number> {
  const context = await browser.newContext();
  try {
    await context.addInitScript((choice) => localStorage.setItem('forelabel-engine', choice), engine);
    const tab = await context.newPage();
    tab.setDefaultTimeout(600_000);
    await tab.goto(forelabel.url);
    await tab.getByRole('button', { name: 'Connect Label Studio' }).click();
    await tab.getByLabel('Address').fill(labelStudio.url);
    await tab.getByLabel('Access token', { exact: true }).fill(labelStudio.pat);
    await tab.getByRole('button', { name: 'Connect', exact: true }).click();
    await tab.getByRole('button', { name: new RegExp(`^${title}\\b`, 'u') }).click();
    await tab.waitForURL(/#\/model/u);
    await tab.goto(`${forelabel.url}/#/run`);
    await tab
      .getByTestId('engine')
      .filter({ hasText: new RegExp(engine, 'iu') })
      .waitFor();
    const run = tab.getByRole('button', { name: 'Run and post' });
    await run.waitFor();
    const started = performance.now();
    await run.click();
    await tab.locator('[data-testid="run-bar"][data-phase="done"]').waitFor();
    return performance.now() - started;
  } finally {
    await context.close();
  }
}

/** Label Studio's own button: one request, which ends when everything is stored. */
async function retrieve({ id }: { id: number }): Promise<number> {
  await json('/api/ml', { project: id, url: backend.url, title: 'Python' });
  const started = performance.now();
  await json(`/api/dm/actions?id=retrieve_tasks_predictions&project=${id}`, {
    selectedItems: { all: true, excluded: [] },
  });
  return performance.now() - started;
}

describe(`${tasks} tasks, predicted and stored`, () => {
  const ways: readonly {
    name: string;
    atLeast: number | null;
    run: (project: { id: number; title: string }) => Promise<number>;
  }[] = [
    { name: 'Python backend, Retrieve Predictions', atLeast: null, run: retrieve },
    { name: 'forelabel predict --post (native)', atLeast: 2.5, run: commandLine },
    { name: 'page, wasm', atLeast: 1, run: (project) => page('wasm', project) },
    { name: 'page, relay', atLeast: null, run: (project) => page('relay', project) },
  ];
  const seconds = new Map(ways.map(({ name }) => [name, [] as number[]]));
  const peer = () => seconds.get(ways[0]?.name ?? '') ?? [];
  const ratio = (name: string) =>
    median((seconds.get(name) ?? []).map((own, round) => (peer()[round] ?? Number.NaN) / own));

  afterAll(async () => {
    const rows = ways.map(({ name }) => {
      const middle = median(seconds.get(name) ?? []);
      return {
        way: name,
        seconds: Number(middle.toFixed(2)),
        'ms a task': Number(((middle / tasks) * 1000).toFixed(1)),
        'x Retrieve Predictions': Number(ratio(name).toFixed(2)),
      };
    });
    console.table(rows);
    await mkdir('bench-results', { recursive: true });
    await writeFile(join('bench-results', 'labelstudio.json'), `${JSON.stringify(rows, null, 2)}\n`);
    await browser.close();
    await Promise.all([forelabel.stop(), backend.stop()]);
    await labelStudio.stop();
  });

  it('one way after the other, several times', async () => {
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, run } of ways) {
        const project = await freshProject();
        seconds.get(name)?.push((await run(project)) / 1000);
        const answer = await labelStudio.admin(`/api/predictions/?project=${project.id}`);
        const stored = v.parse(predictionsSchema, await answer.json());
        // One prediction a task, none twice: else the times say nothing.
        expect(new Set(stored.map(({ task }) => task)).size, name).toBe(tasks);
        expect(stored, name).toHaveLength(tasks);
      }
    }
  }, 3_600_000);

  it.each(ways.filter(({ atLeast }) => atLeast !== null))(
    '$name: at least $atLeast times',
    ({ name, atLeast }) => {
      expect(ratio(name)).toBeGreaterThanOrEqual(atLeast ?? 0);
    },
  );
});
