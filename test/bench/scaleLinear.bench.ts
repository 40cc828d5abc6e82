/**
 * `npm run bench:scale`, the part without a server: 100,000 tasks from a stand-in that answers as a recorded Label
 * Studio 1.23.2 does. What is measured is the client, the run, the store and the outbox: the network is a function
 * call, and a stand-in takes the detector's place. No step may grow faster than the number of tasks.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/types.ts';
import { createLabelStudio } from '../../src/labelstudio/client.ts';
import type { LabelStudio, TaskQuery } from '../../src/labelstudio/types.ts';
import { labelStudioSink, labelStudioSource } from '../../src/prelabel/labelStudioSource.ts';
import { memoryStore } from '../../src/prelabel/memoryStore.ts';
import { startRun } from '../../src/prelabel/run.ts';
import { recordedLabelStudio } from '../support/recordedLabelStudio.ts';

const most = Number(process.env.FORELABEL_SCALE_STANDIN ?? 100_000);
const sizes = [most / 4, most / 2, most];
const VERSION = 'stand-in-00000000';
const url = 'http://stand-in.test';
const control = {
  name: 'label',
  toName: 'image',
  imageField: 'image',
  labels: [{ value: 'Face', alias: null, predictedValues: [], color: null }],
};

/** Finds one box, at once. */
const engine: Engine = {
  info: { backend: 'wasm', device: 'stand-in', why: 'A benchmark.', warmUpMs: 0, modelVersion: VERSION },
  detect: () =>
    Promise.resolve({
      width: 100,
      height: 100,
      detections: [{ x1: 1, y1: 1, x2: 50, y2: 50, score: 0.9, label: 0 }],
      timings: { decode: 0, preprocess: 0, infer: 0, postprocess: 0, total: 0 },
    }),
  dispose: () => Promise.resolve(),
};

async function listed(studio: LabelStudio, query: TaskQuery): Promise<number> {
  let count = 0;
  for await (const task of studio.tasks(query)) count += task.id > 0 ? 1 : 0;
  return count;
}

const rows: { step: string; tasks: number; seconds: number; perThousandMs: number }[] = [];

async function timed(
  step: string,
  tasks: number,
  work: () => Promise<number>,
  expected: number,
): Promise<void> {
  // The processor's time, which others on the machine do not lengthen; nothing here waits for anything else.
  const began = process.cpuUsage();
  expect(await work(), step).toBe(expected);
  const { user, system } = process.cpuUsage(began);
  const seconds = (user + system) / 1e6;
  rows.push({ step, tasks, seconds: round(seconds), perThousandMs: round((seconds * 1e6) / tasks) });
}

const round = (value: number): number => Math.round(value * 100) / 100;

afterAll(async () => {
  console.table(rows);
  await mkdir('bench-results', { recursive: true });
  await writeFile(join('bench-results', 'scale-linear.json'), `${JSON.stringify(rows, null, 2)}\n`);
});

it('no step grows faster than the number of tasks', { timeout: 1_800_000 }, async () => {
  for (const tasks of [Math.min(2000, most), ...sizes]) {
    const warmUp = tasks < (sizes[0] ?? 0);
    const before = rows.length;
    const studio = createLabelStudio({ url, token: 'abc', fetch: recordedLabelStudio(tasks).fetch });
    const project = { id: 1, title: 'Many' };
    await timed('list', tasks, () => listed(studio, { projectId: 1 }), tasks);
    const shard = { index: 1, count: 4 };
    await timed('count a shard', tasks, () => studio.countTasks({ projectId: 1, shard }), tasks / 4);
    const sample = { count: 100, seed: 7 };
    await timed('draw a sample', tasks, () => listed(studio, { projectId: 1, sample }), 100);
    const store = memoryStore();
    const run = async (): Promise<number> => {
      const publication = () => ({ mapping: { control, labels: ['Face'] }, threshold: 0.3 });
      const end = await startRun({
        source: labelStudioSource({ labelStudio: studio, url, project, imageField: 'image' }),
        sink: labelStudioSink({ labelStudio: studio, projectId: 1, modelVersion: VERSION, publication }),
        engine,
        store,
      }).finished;
      expect(end, end.message ?? '').toMatchObject({ phase: 'done', failed: 0, rejected: 0 });
      return end.posted ?? 0;
    };
    await timed('run and post', tasks, run, tasks);
    await timed('run again', tasks, run, tasks);
    if (warmUp) rows.splice(before);
  }
  for (const step of new Set(rows.map((row) => row.step))) {
    const costs = rows.filter((row) => row.step === step).map((row) => row.perThousandMs);
    // A step that is linear costs the same for each task; a quadratic one would cost four times as much.
    expect((costs.at(-1) ?? 0) / (costs[0] ?? 1), `${step}: ${costs.join(', ')} ms a thousand`).toBeLessThan(
      1.6,
    );
  }
});
