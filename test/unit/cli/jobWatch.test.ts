import { describe, expect, it } from 'vitest';
import { table } from '../../../src/cli/jobs.ts';
import { JobLines, metricsText } from '../../../src/cli/jobWatch.ts';
import { StatusLine } from '../../../src/cli/statusLine.ts';
import type { TrainingEvent } from '../../../src/training/events.ts';
import type { Job } from '../../../src/training/job.ts';

const job = (change: Partial<Job>): Job => ({
  id: '20261122T120000000-abcdef',
  state: 'queued',
  trigger: 'person',
  labelStudio: 'http://localhost:8080',
  project: 3,
  projectTitle: 'Cells',
  request: { project: 3, preset: 'default' },
  executor: 'local',
  epochs: 5,
  base: 'demo-face-21dedf48',
  model: null,
  metrics: { base: null, new: null },
  dataset: null,
  progress: null,
  notes: [],
  error: null,
  attempts: 1,
  created: '2026-11-22T12:00:00.000Z',
  started: null,
  ended: null,
  ...change,
});

const loss = (epoch: number, iteration: number): TrainingEvent => ({
  type: 'loss',
  epoch,
  epochs: 5,
  iteration,
  iterations: 40,
  loss: 1.23456,
  losses: {},
  lr: 0.001,
  secondsLeft: 73,
});

function lines() {
  let time = 0;
  const written: string[] = [];
  const line = new StatusLine({ write: (text: string) => written.push(text.trimEnd()) }, () => time);
  return { watch: new JobLines(line), written, pass: (ms: number) => (time += ms) };
}

describe('what a training says where there is no terminal', () => {
  it('says each state and each epoch once, and a sign of life every few seconds', () => {
    const { watch, written, pass } = lines();
    watch.take({ type: 'job', job: job({}) });
    watch.take({ type: 'job', job: job({}) });
    watch.take({ type: 'job', job: job({ state: 'training' }) });
    watch.take(loss(1, 10));
    watch.take(loss(1, 20));
    pass(11_000);
    watch.take(loss(1, 30));
    watch.take(loss(2, 10));
    expect(written).toEqual([
      'Waiting for its turn',
      'Training',
      'Training: epoch 1 of 5, iteration 10 of 40, loss 1.235, 1 min 13 s left',
      'Training: epoch 1 of 5, iteration 30 of 40, loss 1.235, 1 min 13 s left',
      'Training: epoch 2 of 5, iteration 10 of 40, loss 1.235, 1 min 13 s left',
    ]);
  });

  it('tells what was collected, what is worth knowing, and what an epoch is worth', () => {
    const { watch, written } = lines();
    const dataset = {
      tasks: 28,
      train: 22,
      val: 6,
      boxes: 90,
      negatives: 1,
      classes: [{ name: 'disc', boxes: 90 }],
      newClasses: ['disc'],
      droppedClasses: ['face'],
      sha256: '0'.repeat(64),
    };
    watch.take({ type: 'job', job: job({ state: 'training', dataset }) });
    watch.take({ type: 'job', job: job({ state: 'training', dataset }) });
    watch.take({ type: 'note', code: 'x', message: 'The class disc is new.' });
    watch.take({ type: 'evaluated', of: 'epoch', epoch: 1, metrics: { AP: 0.3, AP50: 0.615 } });
    expect(written).toEqual([
      '28 annotated tasks with 90 boxes (disc), 6 of them to measure with',
      'Training',
      'The class disc is new.',
      'After epoch 1: AP50 0.61, AP 0.30',
    ]);
  });
});

describe('the table of jobs', () => {
  it('is a short line a job', () => {
    const done = job({
      state: 'done',
      model: 'cells-1a2b3c4d',
      metrics: { base: null, new: { AP50: 0.9 } },
      started: '2026-11-22T12:00:00.000Z',
      ended: '2026-11-22T12:02:05.000Z',
    });
    const failed = job({
      state: 'failed',
      error: { code: 'disk-full', message: 'The disk is full. Free some.' },
    });
    const text = table([failed, done]);
    expect(text.split('\n')).toEqual([
      '20261122T120000000-abcdef  failed  project 3  -          The disk is full',
      '20261122T120000000-abcdef  done    project 3  2 min 5 s  cells-1a2b3c4d  AP50 0.90',
      '',
    ]);
    expect(table([])).toContain('forelabel train');
  });

  it('says nothing of metrics that are not there', () => {
    expect(metricsText({})).toBe('no metrics');
  });
});
