import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changeConfig, configFile } from '../../../../src/relay/settings/configFile.ts';
import { changeCredentials, credentialsFile } from '../../../../src/relay/settings/credentialsFile.ts';
import { readSettings } from '../../../../src/relay/settings/settings.ts';
import { settingNames, settings } from '../../../../src/relay/settings/table.ts';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'forelabel-settings-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const config = (text: string) => writeFile(configFile(home), text);

describe('readSettings', () => {
  it('takes the defaults in an empty home, and makes nothing there', async () => {
    const missing = join(home, 'not', 'yet');
    const { values, sources } = await readSettings({ home: missing, env: {} });
    expect(values).toMatchObject({
      labelStudioUrl: null,
      host: '127.0.0.1',
      port: 9090,
      executor: 'local',
      device: 'auto',
      threshold: 0.3,
    });
    expect(settingNames.map((name) => sources[name].kind)).toEqual(settingNames.map(() => 'default'));
    await expect(readFile(missing)).rejects.toThrow('ENOENT');
  });

  it('asks flags, then the environment, then config.json, and says which it was', async () => {
    await config('{"port": 1, "threshold": 0.1, "gpus": 4}');
    const env = { FORELABEL_PORT: '2', FORELABEL_THRESHOLD: '0.2', FORELABEL_DEVICE: '' };
    const { values, sources } = await readSettings({ home, env, flags: { port: '3' } });
    expect(values).toMatchObject({ port: 3, threshold: 0.2, gpus: 4, device: 'auto' });
    expect(sources.port).toEqual({ kind: 'flag', where: '--port' });
    expect(sources.threshold).toEqual({ kind: 'environment', where: 'FORELABEL_THRESHOLD' });
    expect(sources.gpus).toEqual({ kind: 'config', where: configFile(home) });
    expect(sources.device.kind).toBe('default');
  });

  it('cleans addresses as people paste them', async () => {
    const env = {
      LABEL_STUDIO_URL: ' localhost:8080/projects/3 ',
      FORELABEL_PUBLIC_URL: 'http://10.0.0.2:9090/',
    };
    const { values } = await readSettings({ home, env });
    expect(values).toMatchObject({
      labelStudioUrl: 'http://localhost:8080',
      publicUrl: 'http://10.0.0.2:9090',
    });
  });

  it.each([
    ['{"port": "80"}', /config\.json: "port" must be a number/u],
    ['{"port": 8080.5}', /"port" must be a whole number from 0 to 65535/u],
    ['{"device": "tpu"}', /"device" must be one of auto, cpu, cuda/u],
    ['{"prot": 8080}', /config\.json has a key "prot" that Forelabel does not know/u],
    ['{"port": 80', /config\.json is no JSON object/u],
    ['[]', /config\.json is no JSON object/u],
  ])('refuses %s by file and key', async (text, message) => {
    await config(text);
    await expect(readSettings({ home, env: {} })).rejects.toThrow(message);
    await expect(readSettings({ home, env: {} })).rejects.toThrow(home);
  });

  it('refuses a secret in config.json without repeating it', async () => {
    await config('{"labelStudioApiKey": "s3cr3t-of-mine"}');
    const error = await readSettings({ home, env: {} }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'setting-secret' });
    expect(String(error)).not.toContain('s3cr3t');
  });

  it.each([
    [{ FORELABEL_PORT: 'http' }, /FORELABEL_PORT is "http" and must be/u],
    [{ FORELABEL_GPUS: '-1' }, /FORELABEL_GPUS/u],
    [{ FORELABEL_PUBLIC_URL: 'ftp://x' }, /FORELABEL_PUBLIC_URL must be an address/u],
    [{ LABEL_STUDIO_URL: 'http://me:pass@host' }, /LABEL_STUDIO_URL.*password/u],
  ])('refuses %o by variable', async (env, message) => {
    await expect(readSettings({ home, env })).rejects.toThrow(message);
  });

  it('never shows the password in an address that it refuses', async () => {
    const env = { FORELABEL_RAY_ADDRESS: 'http://me:hunter2@ray:8265' };
    const error = await readSettings({ home, env }).catch((caught: unknown) => caught);
    expect(String(error)).toContain('FORELABEL_RAY_ADDRESS');
    expect(String(error)).not.toContain('hunter2');
  });

  it('takes the kept token for the Label Studio it was given for, and for no other', async () => {
    const labelStudio = { url: 'http://localhost:8080', token: 'kept' };
    await changeCredentials(home, (now) => ({ ...now, labelStudio }));
    const read = async (env: NodeJS.ProcessEnv) => (await readSettings({ home, env })).values;
    expect(await read({})).toMatchObject({
      labelStudioUrl: 'http://localhost:8080',
      labelStudioApiKey: 'kept',
    });
    expect(await read({ LABEL_STUDIO_URL: 'http://localhost:8080/' })).toMatchObject({
      labelStudioApiKey: 'kept',
    });
    expect(await read({ LABEL_STUDIO_URL: 'http://elsewhere.example' })).toMatchObject({
      labelStudioUrl: 'http://elsewhere.example',
      labelStudioApiKey: null,
    });
    // A token without an address is not for the one that was kept with another token.
    expect(await read({ LABEL_STUDIO_API_KEY: 'mine' })).toMatchObject({ labelStudioApiKey: 'kept' });
    expect(
      await read({ LABEL_STUDIO_URL: 'http://localhost:8080', LABEL_STUDIO_API_KEY: 'mine' }),
    ).toMatchObject({ labelStudioApiKey: 'mine' });
  });

  it('refuses a secret that can be guessed, without repeating it', async () => {
    const error: unknown = await readSettings({ home, env: { FORELABEL_SECRET: 'letmein' } }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'setting-invalid' });
    expect(String(error)).toContain('FORELABEL_SECRET must have at least 16 characters');
    expect(String(error)).not.toContain('letmein');
    const env = { FORELABEL_SECRET: 'x'.repeat(16) };
    expect((await readSettings({ home, env })).values.secret).toBe('x'.repeat(16));
  });

  it('has no flag for a secret: other users see arguments', () => {
    const flags = settingNames.filter((name) => settings[name].secret).map((name) => settings[name].flag);
    expect(flags).toEqual([null, null, null]);
  });
});

describe('changeConfig', () => {
  it('sets and takes out one key, and leaves the rest, broken or not', async () => {
    await config('{"prot": 1, "gpus": 2}');
    await changeConfig(home, 'port', 80);
    expect(await changeConfig(home, 'prot', undefined)).toBe(true);
    expect(await changeConfig(home, 'prot', undefined)).toBe(false);
    expect(JSON.parse(await readFile(configFile(home), 'utf8'))).toEqual({ gpus: 2, port: 80 });
  });

  it('loses no change when many are made at once, in a home that did not exist', async () => {
    const fresh = join(home, 'fresh');
    await Promise.all(
      (['port', 'gpus', 'keepJobs', 'threshold'] as const).map((name) => changeConfig(fresh, name, 1)),
    );
    const { values } = await readSettings({ home: fresh, env: {} });
    expect(values).toMatchObject({ port: 1, gpus: 1, keepJobs: 1, threshold: 1 });
  });

  it('does not wait for a process that died with the lock in hand', async () => {
    await mkdir(home, { recursive: true });
    await writeFile(`${credentialsFile(home)}.lock`, '4194399');
    await changeCredentials(home, (now) => ({ ...now, rayToken: 'r' }));
    expect((await readSettings({ home, env: {} })).values.rayToken).toBe('r');
  });
});
