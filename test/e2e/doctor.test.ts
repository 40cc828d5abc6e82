/** What `forelabel doctor` finds out about a real Label Studio, without leaving anything in it. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Check } from '../../src/relay/doctor/check.ts';
import { forelabelCommand } from '../support/forelabelServer.ts';
import { startLabelStudio, type LabelStudioServer } from '../support/labelStudioServer.ts';

let home: string;
let labelStudio: LabelStudioServer | null = null;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'forelabel-doctor-'));
});
afterEach(async () => {
  await labelStudio?.stop();
  labelStudio = null;
  await rm(home, { recursive: true, force: true });
});

interface Outcome {
  readonly exitCode: number | undefined;
  readonly printed: string;
  readonly checks: Readonly<Record<string, Check>>;
}

const forelabel = (args: readonly string[], env: NodeJS.ProcessEnv, input = '') =>
  execa(process.execPath, [forelabelCommand, ...args], {
    reject: false,
    input,
    // An installed trainer takes seconds to tell its versions, and is not what this is about.
    env: { FORELABEL_HOME: home, FORELABEL_CACHE: join(home, 'cache'), FORELABEL_PORT: '0', ...env },
  });

async function doctor(url: string, token?: string): Promise<Outcome> {
  const run = await forelabel(['doctor', '--label-studio', url, '--json'], {
    LABEL_STUDIO_API_KEY: token ?? '',
  });
  const checks = JSON.parse(run.stdout) as readonly Check[];
  return {
    exitCode: run.exitCode,
    printed: `${run.stdout}${run.stderr}`,
    checks: Object.fromEntries(checks.map((check) => [check.id, check])),
  };
}

/** A project to leave things in, and what was left in it. */
async function project(server: LabelStudioServer): Promise<() => Promise<unknown>> {
  const labelConfig = '<View><Image name="image" value="$image"/></View>';
  const id = await server.createProject({ title: 'Doctor', labelConfig });
  const read = async (path: string) => (await server.admin(path)).json() as Promise<unknown>;
  return async () => [await read(`/api/ml?project=${id}`), await read('/api/webhooks/')];
}

describe('forelabel doctor', () => {
  it('tells version, token and CORS, and that private addresses are refused', async () => {
    const server = (labelStudio = await startLabelStudio());
    const left = await project(server);
    const { exitCode, printed, checks } = await doctor(server.url, server.pat);
    expect(checks['label-studio']).toMatchObject({ state: 'ok', found: `1.23.2 at ${server.url}` });
    expect(checks.token?.state, checks.token?.found).toBe('ok');
    expect(checks.token?.found).toContain('personal token');
    expect(checks.cors).toMatchObject({ state: 'ok' });
    expect(checks.callback).toMatchObject({ state: 'warning' });
    expect(checks.callback?.fix).toContain('ML_BLOCK_LOCAL_IP=false and SSRF_PROTECTION_ENABLED=false');
    expect(exitCode).toBe(0);
    expect(printed).not.toContain(server.pat);
    expect(await left()).toEqual([[], []]);

    const refused = await doctor(server.url, server.legacyToken);
    expect(refused.exitCode).toBe(1);
    expect(refused.checks.token).toMatchObject({ state: 'problem' });
    expect(refused.checks.token?.found).toContain('legacy token');
    expect(refused.printed).not.toContain(server.legacyToken);

    const without = await doctor(server.url);
    expect(without.exitCode).toBe(0);
    expect(without.checks.token).toMatchObject({ state: 'warning', found: 'none is given.' });
    expect(without.checks.callback).toMatchObject({ state: 'unknown' });

    // The token is tried before it is kept, and shown to nobody.
    await forelabel(['config', 'set', 'labelStudioUrl', server.url], {});
    const wrong = await forelabel(['config', 'set', 'labelStudioApiKey', '-'], {}, 'nonsense');
    expect(wrong.exitCode).toBe(1);
    const kept = await forelabel(['config', 'set', 'labelStudioApiKey', '-'], {}, `${server.pat}\n`);
    expect(kept.exitCode, kept.stderr).toBe(0);
    const shown = await forelabel(['config'], {});
    expect(shown.stdout).toMatch(/labelStudioApiKey\s+••••\s+\S+credentials\.json/u);
    const said = [wrong, kept, shown].map(({ stdout, stderr }) => stdout + stderr).join('');
    expect(said).not.toContain(server.pat);
    expect(await readFile(join(home, 'credentials.json'), 'utf8')).toContain(server.pat);
    expect((await stat(join(home, 'credentials.json'))).mode & 0o777).toBe(0o600);
  });

  it('names the one setting that is missing, and makes nothing', async () => {
    const server = (labelStudio = await startLabelStudio({ env: { ML_BLOCK_LOCAL_IP: 'false' } }));
    const left = await project(server);
    const { checks } = await doctor(server.url, server.pat);
    expect(checks.callback).toMatchObject({ state: 'warning' });
    expect(checks.callback?.fix).toContain('SSRF_PROTECTION_ENABLED=false');
    expect(checks.callback?.fix).not.toContain('ML_BLOCK_LOCAL_IP');
    expect(await left()).toEqual([[], []]);
  });

  it('is content where Label Studio may call loopback addresses', async () => {
    const env = { ML_BLOCK_LOCAL_IP: 'false', SSRF_PROTECTION_ENABLED: 'false' };
    const server = (labelStudio = await startLabelStudio({ env }));
    const left = await project(server);
    const { checks } = await doctor(server.url, server.pat);
    expect(checks.callback).toMatchObject({ state: 'ok', found: 'Label Studio may call 127.0.0.1' });
    expect(await left()).toEqual([[], []]);
  });
});
