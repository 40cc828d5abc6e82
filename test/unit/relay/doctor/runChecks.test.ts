import { createServer, type Server } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeChecks } from '../../../../src/cli/doctor.ts';
import { runProbe, split, type Check, type Probe } from '../../../../src/relay/doctor/check.ts';
import { runChecks } from '../../../../src/relay/doctor/runChecks.ts';

let home: string;
let server: Server;
let url: string;
/** What the server at `url` says, as JSON, and to whom. */
let answer: { readonly body: unknown; readonly cors: string | null };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'forelabel-doctor-'));
  // An installed trainer is asked for its versions, which takes seconds each time.
  vi.stubEnv('FORELABEL_CACHE', join(home, 'cache'));
  server = createServer((_request, response) => {
    if (answer.cors !== null) response.setHeader('access-control-allow-origin', answer.cors);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(home, { recursive: true, force: true });
});

async function checks(env: NodeJS.ProcessEnv): Promise<Readonly<Record<string, Check>>> {
  const all = await runChecks({ home, env });
  return Object.fromEntries(all.map((check) => [check.id, check]));
}

describe('runChecks', () => {
  it('looks at this machine when no Label Studio is named', async () => {
    const found = await checks({ FORELABEL_PORT: '0' });
    expect(found.home).toMatchObject({ state: 'ok', fix: null });
    expect(found.disk?.found).toMatch(/GB free/u);
    for (const id of ['trainer', 'torch', 'cuda']) expect(found[id]?.fix, id).toContain('forelabel setup');
    expect(found['label-studio']).toMatchObject({ state: 'unknown' });
    expect(found['label-studio']?.fix).toContain('LABEL_STUDIO_URL');
    expect(found.token).toMatchObject({ state: 'unknown', fix: null });
  });

  it('knows a port that another program has, and one that Forelabel has', async () => {
    const port = new URL(url).port;
    answer = { body: { status: 'UP' }, cors: null };
    expect((await checks({ FORELABEL_PORT: port })).port).toMatchObject({
      state: 'problem',
      found: `${port} is taken by another program.`,
    });
    answer = { body: { status: 'UP', app: 'forelabel', version: '9.9.9' }, cors: null };
    expect((await checks({ FORELABEL_PORT: port })).port).toMatchObject({
      state: 'ok',
      found: `Forelabel 9.9.9 runs at ${url}`,
    });
  });

  it('says what is wrong with an address that is not Label Studio, or with nobody at it', async () => {
    answer = { body: { hello: 'world' }, cors: null };
    const other = await checks({ LABEL_STUDIO_URL: url, FORELABEL_PORT: '0' });
    expect(other['label-studio']).toMatchObject({ state: 'problem' });
    expect(other['label-studio']?.found).toContain('is not Label Studio');
    const nobody = await checks({ LABEL_STUDIO_URL: 'http://127.0.0.1:1', FORELABEL_PORT: '0' });
    expect(nobody['label-studio']?.found).toContain('Nothing answers at http://127.0.0.1:1');
    expect(nobody.token).toMatchObject({ state: 'warning' });
  });

  it('tells an old Label Studio, a closed one, and one without a token', async () => {
    answer = { body: { release: '1.9.2' }, cors: 'https://elsewhere.example' };
    const found = await checks({ LABEL_STUDIO_URL: url, FORELABEL_PORT: '9999' });
    expect(found['label-studio']).toMatchObject({ state: 'warning', found: `1.9.2 at ${url}` });
    expect(found.cors).toMatchObject({ state: 'problem' });
    expect(found.cors?.fix).toContain('CORS_ALLOWED_ORIGINS=http://127.0.0.1:9999');
    expect(found.token?.fix).toContain('LABEL_STUDIO_API_KEY');
    expect(found.callback).toMatchObject({ state: 'unknown' });
    expect(found.callback?.fix).toContain('ML_BLOCK_LOCAL_IP=false and SSRF_PROTECTION_ENABLED=false');
    answer = { body: { release: '1.23.2' }, cors: 'http://127.0.0.1:9999' };
    const good = await checks({ LABEL_STUDIO_URL: url, FORELABEL_PORT: '9999' });
    expect(good['label-studio']?.state).toBe('ok');
    expect(good.cors?.state).toBe('ok');
  });

  it('makes broken settings one finding and goes on', async () => {
    await writeFile(join(home, 'config.json'), '{"prot": 1}');
    const found = await checks({ FORELABEL_PORT: '0' });
    expect(found.settings).toMatchObject({ state: 'problem' });
    expect(found.settings?.found).toContain('"prot"');
    expect(found.settings?.fix).toContain('forelabel config unset prot');
    expect(found.port).toMatchObject({ state: 'ok', found: 'any free one' });
  });

  it('asks for the cluster where trainings are to run on one', async () => {
    const unnamed = await checks({ FORELABEL_EXECUTOR: 'ray', FORELABEL_PORT: '0' });
    expect(unnamed.executor).toMatchObject({ state: 'problem' });
    answer = { body: { ray_version: '2.60.0' }, cors: null };
    const named = await checks({
      FORELABEL_EXECUTOR: 'ray',
      FORELABEL_RAY_ADDRESS: url,
      FORELABEL_PORT: '0',
    });
    expect(named.executor).toMatchObject({ state: 'ok', found: `ray 2.60.0 at ${url}` });
    expect(named.torch).toMatchObject({ state: 'ok', fix: null });
  });
});

describe('a check that breaks', () => {
  it('is a finding with what to do', async () => {
    const probe: Probe = {
      id: 'x',
      title: 'X',
      run: () => Promise.reject(new Error('The thing at a.b.c is gone. Bring it back.')),
    };
    expect(await runProbe(probe, new AbortController().signal)).toEqual({
      id: 'x',
      title: 'X',
      state: 'problem',
      found: 'The thing at a.b.c is gone.',
      fix: 'Bring it back.',
    });
  });

  it('keeps a message of one sentence', () => {
    expect(split('no idea')).toEqual(['no idea', 'Try again.']);
  });
});

describe('describeChecks', () => {
  it('has a line for each, what to do below it, and a last word', () => {
    const text = describeChecks(
      [
        { id: 'a', title: 'Python', state: 'ok', found: '3.11', fix: null },
        { id: 'b', title: 'Port', state: 'problem', found: 'taken.', fix: 'Choose another one.' },
      ],
      false,
    );
    expect(text).toBe(
      'ok  Python  3.11\n✗   Port    taken.\n            Choose another one.\n1 problem to solve.\n',
    );
  });
});
