import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RelayEvent } from '../../../../src/training/api.ts';
import type { NumberedEvent } from '../../../../src/training/events.ts';
import { poll } from './patience.ts';
import { clear, makeHome, modelsOf, slowCollect, starts, training, until } from './trainingHome.ts';

let home: string;
beforeEach(async () => {
  home = await makeHome();
});
afterEach(() => clear(home));

describe('a training job', () => {
  it('passes all states and leaves a registered model', async () => {
    const service = await training(home);
    const heard: RelayEvent[] = [];
    service.subscribe((event) => heard.push(event));
    const queued = await service.start({ project: 7, epochs: 3 }, 'person');
    expect(queued).toMatchObject({
      state: 'queued',
      project: 7,
      epochs: 3,
      base: expect.stringMatching(/^base-/u) as string,
    });

    const seen: NumberedEvent[] = [];
    for await (const event of service.events(queued.id, 0, AbortSignal.timeout(15_000))) seen.push(event);
    const job = await until(service, queued.id, 'done');

    expect(job).toMatchObject({
      metrics: { base: { AP: 0.1 }, new: { AP: 0.6 } },
      attempts: 1,
      error: null,
      progress: null,
      dataset: { tasks: 10 },
      notes: [{ code: 'classes-new' }],
    });
    expect(job.model).toMatch(/^zellen-reihe-7-[0-9a-f]{8}$/u);
    expect(await modelsOf(home)).toEqual([job.model]);
    const manifest = JSON.parse(
      await readFile(join(home, 'models', job.model ?? '', 'model.json'), 'utf8'),
    ) as { lineage: unknown; classes: unknown };
    expect(manifest.classes).toEqual(['cell']);
    expect(manifest.lineage).toMatchObject({
      parent: job.base,
      epochs: 3,
      dataset: 'a'.repeat(64),
      metrics: { AP: 0.6 },
    });

    // Rising numbers, every point of the plot once, and the end last.
    expect(seen.map(({ seq }) => seq)).toEqual(
      [...new Set(seen.map(({ seq }) => seq))].sort((a, b) => a - b),
    );
    const points = seen.flatMap(({ event }) => (event.type === 'loss' ? [event.epoch] : []));
    expect(points).toEqual([1, 2, 3]);
    const measured = seen.flatMap(({ event }) => (event.type === 'evaluated' ? [event.of] : []));
    expect(measured).toEqual(['epoch', 'epoch', 'epoch', 'base', 'new']);
    expect(seen.at(-1)?.event).toMatchObject({ type: 'job', job: { state: 'done', model: job.model } });
    const states = heard.flatMap((event) => (event.type === 'job' ? [event.job.state] : []));
    expect(states.at(-1)).toBe('done');
    expect(heard.at(-1)).toEqual({ type: 'model', version: job.model, project: 7, take: false });
    expect(await readdir(join(home, 'jobs', job.id, 'export'))).not.toContain('model');
  });

  it('is told again behind a number, as a page that comes back asks', async () => {
    const service = await training(home);
    const { id } = await service.start({ project: 7, epochs: 3 }, 'person');
    await until(service, id, 'done');
    const all: number[] = [];
    for await (const { seq } of service.events(id, 0, AbortSignal.timeout(5000))) all.push(seq);
    const after = all[3] ?? 0;
    const rest: number[] = [];
    for await (const { seq } of service.events(id, after, AbortSignal.timeout(5000))) rest.push(seq);
    expect(rest).toEqual(all.filter((seq) => seq > after));
  });

  it('ends for who reads it, though somebody removed its folder', async () => {
    const service = await training(home);
    const { id } = await service.start({ project: 7, epochs: 1 }, 'person');
    const job = await until(service, id, 'done');
    await rm(join(home, 'jobs', id), { recursive: true });
    const seen: unknown[] = [];
    for await (const { event } of service.events(id, 4, AbortSignal.timeout(10_000))) seen.push(event);
    expect(seen).toEqual([{ type: 'job', job }]);
  });

  it('gives the trainer no secret, and keeps what it prints', async () => {
    const service = await training(home);
    const { id } = await service.start({ project: 7, epochs: 1 }, 'person');
    await until(service, id, 'done');
    const log = await service.log(id, 0);
    expect(log).toMatch(/^Fake trainer: train, no key\nFake trainer: evaluate/u);
    expect(await service.log(id, Buffer.byteLength(log))).toBe('');
    expect(await service.log(id, 6)).toBe(log.slice(6));
  });

  it('says that nothing was measured where there is nothing to measure on', async () => {
    const service = await training(home, { collect: slowCollect(20, false) });
    const { id } = await service.start({ project: 7, epochs: 1 }, 'person');
    const job = await until(service, id, 'done');
    expect(job.metrics).toEqual({ base: null, new: null });
    expect(job.notes.map(({ code }) => code)).toEqual(['classes-new', 'no-validation']);
    expect(job.notes.at(-1)?.message).toBe('There are too few tasks. Annotate more.');
    const told: string[] = [];
    for await (const { event } of service.events(id, 0, AbortSignal.timeout(5000))) {
      if (event.type === 'note') told.push(event.code);
    }
    expect(told).toEqual(['classes-new', 'no-validation']);
    expect((await starts(home)).map(({ module }) => module)).toEqual(['train', 'export']);
  });

  it('starts from the newest model of its project, unless another is named', async () => {
    const service = await training(home);
    const first = await until(service, (await service.start({ project: 7, epochs: 1 }, 'person')).id, 'done');
    const second = await service.start({ project: 7, epochs: 2 }, 'person');
    expect(second.base).toBe(first.model);
    const other = await service.start({ project: 8, epochs: 1, base: 'base' }, 'person');
    expect(other.base).toMatch(/^base-/u);
    await until(service, second.id, 'done');
    await until(service, other.id, 'done');
  });

  it('knows the newest model of a project by any name of this machine, its job removed or not', async () => {
    let url = 'http://127.0.0.1:8080';
    const service = await training(home, { access: () => Promise.resolve({ url, token: 'secret' }) });
    const { id } = await service.start({ project: 7, epochs: 1 }, 'person');
    const { model } = await until(service, id, 'done');
    url = 'http://localhost:8080';
    expect(await service.newestModel(7)).toBe(model);
    await service.remove(id);
    expect(await service.list()).toEqual([]);
    expect(await service.newestModel(7)).toBe(model);
    url = 'http://elsewhere.example:8080';
    expect(await service.newestModel(7)).toBeNull();
  });

  it('waits for the jobs that were asked for before', async () => {
    const service = await training(home);
    const ids: string[] = [];
    for (const project of [1, 2, 3]) ids.push((await service.start({ project, epochs: 1 }, 'person')).id);
    const jobs = await Promise.all(ids.map((id) => until(service, id, 'done')));
    const times = jobs.flatMap(({ started, ended }) => [started, ended]);
    expect(times).toEqual([...times].sort());
    expect((await service.list()).map(({ id }) => id)).toEqual([...ids].reverse());
  });

  it('is done when its model is there, whatever is made of it', async () => {
    const told: unknown[] = [];
    const service = await training(home, {
      onModel: (model) => {
        told.push(model);
        throw new Error('Somebody else has a problem.');
      },
    });
    const { id } = await service.start({ project: 7, epochs: 1 }, 'person');
    const job = await until(service, id, 'done');
    await poll(() => told).toEqual([{ version: job.model, project: 7 }]);
    expect((await service.get(id))?.state).toBe('done');
  });
});
