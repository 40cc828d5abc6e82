import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { beforeEach, describe, expect, it } from 'vitest';
import * as v from 'valibot';
import { LabelStudioError } from '../../../../src/labelstudio/errors.ts';
import { jobRoutes } from '../../../../src/relay/training/jobRoutes.ts';
import type { LabelStudioKeeper } from '../../../../src/relay/training/jobRoutes.ts';
import type { LabelStudioAccess } from '../../../../src/relay/training/contracts.ts';
import { apiProblemSchema, jobListSchema, trainingStatusSchema } from '../../../../src/training/api.ts';
import { eventSchema } from '../../../../src/training/events.ts';
import { jobSchema } from '../../../../src/training/job.ts';
import { aJob, FakeTraining } from './fakeTraining.ts';
import { eventually } from '../../../support/eventually.ts';

let service: FakeTraining;
let kept: LabelStudioAccess | null;
let app: Hono;

const labelStudio: LabelStudioKeeper = {
  status: () => Promise.resolve({ url: kept?.url ?? null, hasToken: kept !== null }),
  save: (access) => {
    kept = access;
    return Promise.resolve();
  },
  forget: () => {
    kept = null;
    return Promise.resolve();
  },
};

const mount = (heartbeat?: number): Hono => {
  const relay = new Hono();
  relay.route(
    '/api',
    jobRoutes({
      service,
      labelStudio,
      facts: () =>
        Promise.resolve({
          trainer: 'ready',
          executor: 'local',
          presets: [{ name: 'default', epochs: 5, about: 'As the seed workflow' }],
        }),
      check: ({ url, token }) =>
        token === 'good'
          ? Promise.resolve({ url: url.replace(/\/$/u, '') })
          : Promise.reject(
              new LabelStudioError('unauthorized', 'It does not accept the token. Copy it again.'),
            ),
      ...(heartbeat !== undefined && { heartbeat }),
    }),
  );
  return relay;
};

beforeEach(() => {
  service = new FakeTraining();
  kept = null;
  app = mount();
});

const send = (method: string, path: string, body?: unknown): Promise<Response> =>
  Promise.resolve(
    app.request(path, {
      method,
      ...(body !== undefined && {
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    }),
  );

const problem = async (response: Response) => v.parse(apiProblemSchema, await response.json()).error;

const jobPath = `/api/jobs/${aJob.id}`;
const loss = (iteration: number) =>
  ({
    type: 'loss',
    epoch: 1,
    epochs: 5,
    iteration,
    iterations: 40,
    loss: 1.5,
    losses: { cls: 1 },
    lr: 0.001,
    secondsLeft: 40,
  }) as const;

describe('what the page asks first', () => {
  it('says what is known of Label Studio, the trainer and the presets', async () => {
    const status = v.parse(trainingStatusSchema, await (await send('GET', '/api/training')).json());
    expect(status).toMatchObject({ labelStudio: { url: null, hasToken: false }, trainer: 'ready' });
  });

  it('keeps a token only after Label Studio has accepted it, and never says it', async () => {
    const refused = await send('PUT', '/api/label-studio', { url: 'http://localhost:8080/', token: 'bad' });
    expect(refused.status).toBe(422);
    expect((await problem(refused)).code).toBe('unauthorized');
    expect(kept).toBeNull();

    const taken = await send('PUT', '/api/label-studio', { url: 'http://localhost:8080/', token: 'good' });
    expect(await taken.json()).toEqual({ url: 'http://localhost:8080', hasToken: true });
    expect(kept).toEqual({ url: 'http://localhost:8080', token: 'good' });
    expect(await (await send('GET', '/api/training')).text()).not.toContain('good');

    expect((await send('DELETE', '/api/label-studio')).status).toBe(204);
    expect(kept).toBeNull();
  });

  it('quotes no body that it cannot read', async () => {
    for (const body of ['{"token": "s3cret"', { url: 'http://x', token: 's3cret', more: 's3cret' }]) {
      const response = await send('PUT', '/api/label-studio', body);
      expect(response.status).toBe(422);
      const { code, message } = await problem(response);
      expect(code).toBe('bad-request');
      expect(message).not.toContain('s3cret');
    }
    const large = await send('PUT', '/api/label-studio', { url: 'http://x', token: 'x'.repeat(100_000) });
    expect(large.status).toBe(413);
    expect((await problem(large)).code).toBe('too-large');
  });
});

describe('jobs', () => {
  it('lists, shows, starts, cancels, resumes and removes', async () => {
    expect(v.parse(jobListSchema, await (await send('GET', '/api/jobs')).json()).jobs).toEqual([aJob]);
    expect(v.parse(jobSchema, await (await send('GET', jobPath)).json())).toEqual(aJob);
    const started = await send('POST', '/api/jobs', { project: 3, epochs: 7 });
    expect(started.status).toBe(201);
    expect(v.parse(jobSchema, await started.json())).toEqual(aJob);
    for (const what of ['cancel', 'resume'])
      expect((await send('POST', `${jobPath}/${what}`)).status).toBe(200);
    expect((await send('DELETE', jobPath)).status).toBe(204);
    expect(service.asked).toEqual([
      ['start', { project: 3, preset: 'default', epochs: 7 }, 'person'],
      ['cancel', aJob.id],
      ['resume', aJob.id],
      ['remove', aJob.id],
    ]);
  });

  it('refuses in words', async () => {
    const few = await send('POST', '/api/jobs', { project: 9 });
    expect(few.status).toBe(422);
    expect(await problem(few)).toEqual({
      code: 'too-few-tasks',
      message: 'Only 1 task is annotated. Annotate at least 2, then train again.',
    });
    const odd = await send('POST', '/api/jobs', { project: 3, epochs: 'many' });
    expect((await problem(odd)).message).toContain('"epochs"');
    for (const path of ['/api/jobs/none', '/api/jobs/none/log', '/api/jobs/none/events']) {
      const unknown = await send('GET', path);
      expect(unknown.status).toBe(404);
      expect((await problem(unknown)).code).toBe('job-unknown');
    }
    service.jobs = [{ ...aJob, state: 'done' }];
    expect((await send('POST', `${jobPath}/cancel`)).status).toBe(409);
  });

  it('gives the log from a byte on, never kept by a cache', async () => {
    const response = await send('GET', `${jobPath}/log?from=11`);
    expect(response.headers.get('content-type')).toContain('text/plain');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.text()).toBe('second line\n');
    expect(await (await send('GET', `${jobPath}/log?from=-1`)).text()).toBe(service.logText);
  });
});

/** Reads a stream until `enough` of the text so far. */
async function readUntil(response: Response, enough: (text: string) => boolean) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (reader !== undefined && !enough(text)) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  return { text, leave: () => reader?.cancel() };
}

const dataOf = (text: string): unknown[] =>
  [...text.matchAll(/^data: (.+)$/gmu)].map(([, json]) => JSON.parse(json ?? '') as unknown);

describe('events', () => {
  it('sends what happened, then what happens, and ends with the job', async () => {
    service.happen(loss(1));
    const response = await send('GET', `${jobPath}/events`);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    setTimeout(() => service.happen(loss(2)), 20);
    setTimeout(() => service.happen({ type: 'job', job: { ...aJob, state: 'done' } }), 40);
    const text = await response.text();
    const events = dataOf(text).map((event) => v.parse(eventSchema, event));
    expect(events.map(({ type }) => type)).toEqual(['loss', 'loss', 'job']);
    expect([...text.matchAll(/^id: (\d+)$/gmu)].map(([, id]) => id)).toEqual(['1', '2', '3']);
    expect(service.readers).toBe(0);
  });

  it('goes on after the last one seen; nothing left of an ended job is 204, so that nobody comes again', async () => {
    for (const iteration of [1, 2, 3]) service.happen(loss(iteration));
    service.jobs = [{ ...aJob, state: 'done' }];
    const get = (last: string): Promise<Response> =>
      Promise.resolve(app.request(`${jobPath}/events`, { headers: { 'last-event-id': last } }));
    expect(dataOf(await (await get('1')).text())).toEqual([loss(2), loss(3)]);
    expect((await get('3')).status).toBe(204);
    expect(service.readers).toBe(0);
  });

  it('stays awake with comments while nothing happens, and lets go when the reader leaves', async () => {
    app = mount(10);
    const { text, leave } = await readUntil(
      await send('GET', `${jobPath}/events`),
      (sofar) => sofar.split('\n:').length > 3,
    );
    expect(dataOf(text)).toEqual([]);
    expect(service.readers).toBe(1);
    await leave();
    await eventually(() => expect(service.readers).toBe(0));
  });

  it('tells of all jobs and new models, from now on', async () => {
    service.tell({ type: 'job', job: aJob });
    const response = await send('GET', '/api/events');
    const model = { type: 'model', version: 'cells-1a2b3c4d', project: 3, take: false } as const;
    service.tell(model);
    service.tell({ type: 'job', job: aJob });
    const { text, leave } = await readUntil(response, (sofar) => dataOf(sofar).length === 2);
    expect(dataOf(text)).toEqual([model, { type: 'job', job: aJob }]);
    await leave();
    await eventually(() => expect(service.listeners).toBe(0));
  });

  it('notices over a real connection that the page was closed', async () => {
    const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const leaving = new AbortController();
    try {
      for (const path of [`${jobPath}/events`, '/api/events']) {
        await fetch(`http://127.0.0.1:${port}${path}`, { signal: leaving.signal });
      }
      await eventually(() => expect([service.readers, service.listeners]).toEqual([1, 1]));
      leaving.abort();
      await eventually(() => expect([service.readers, service.listeners]).toEqual([0, 0]));
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
