import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { labelStudioAccess } from '../../../../src/relay/labelStudioAccess.ts';
import { createLog } from '../../../../src/relay/log.ts';
import { changeConfig } from '../../../../src/relay/settings/configFile.ts';
import { credentialsFile, readCredentials } from '../../../../src/relay/settings/credentialsFile.ts';
import { readSettings } from '../../../../src/relay/settings/settings.ts';
import { installationSecret } from '../../../../src/relay/settings/installationSecret.ts';

const url = 'http://localhost:8080';
const token = 'aVerySecretTokenOfLabelStudio';
const windows = process.platform === 'win32';

let folder: string;
let home: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forelabel-credentials-'));
  home = join(folder, 'home');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
const access = (env: NodeJS.ProcessEnv = {}) => labelStudioAccess({ home, env });

describe('labelStudioAccess', () => {
  it('knows nothing, then what was saved, then nothing again', async () => {
    const store = access();
    expect(await store.find()).toBeNull();
    expect(await store.status()).toEqual({ url: null, hasToken: false });
    await store.save({ url: `${url}/projects/`, token: ` ${token}\n` });
    expect(await store.find()).toEqual({ url, token });
    expect(await store.status()).toEqual({ url, hasToken: true });
    await store.forget();
    expect(await store.find()).toBeNull();
    expect(await readFile(credentialsFile(home), 'utf8')).not.toContain(token);
  });

  it('lets the environment go first', async () => {
    await access().save({ url, token });
    const env = { LABEL_STUDIO_URL: 'http://other:1', LABEL_STUDIO_API_KEY: 'theirs' };
    expect(await access(env).find()).toEqual({ url: 'http://other:1', token: 'theirs' });
    // The kept token is for another Label Studio.
    expect(await access({ LABEL_STUDIO_URL: 'http://other:1' }).find()).toBeNull();
  });

  it('lets what is saved last count, though config.json named another address', async () => {
    await changeConfig(home, 'labelStudioUrl', 'http://old:1');
    await access().save({ url, token });
    expect(await access().find()).toEqual({ url, token });
  });

  it('forgets nothing else', async () => {
    const secret = await installationSecret(home);
    await access().save({ url, token });
    await access().forget();
    expect(await installationSecret(home)).toBe(secret);
  });
});

describe('the file', () => {
  it.skipIf(windows)('is for its owner alone, from the first byte, in a folder that is too', async () => {
    const umask = process.umask(0);
    try {
      await access().save({ url, token });
    } finally {
      process.umask(umask);
    }
    expect(await modeOf(credentialsFile(home))).toBe('600');
    expect(await modeOf(home)).toBe('700');
    expect(await readdir(home)).toEqual(['credentials.json']);
  });

  it.skipIf(windows)('is taken away from others, and that is said once', async () => {
    await access().save({ url, token });
    await chmod(credentialsFile(home), 0o644);
    const note = vi.fn<(message: string) => void>();
    await readCredentials(home, note);
    await readCredentials(home, note);
    expect(await modeOf(credentialsFile(home))).toBe('600');
    expect(note).toHaveBeenCalledTimes(1);
    expect(note.mock.calls[0]?.[0]).toContain(credentialsFile(home));
    expect(note.mock.calls[0]?.[0]).not.toContain(token);
  });

  it('is named when it is damaged, and not quoted', async () => {
    await access().save({ url, token });
    await writeFile(credentialsFile(home), `{"labelStudio": {"url": 1, "token": "${token}"}`);
    const error = await access()
      .find()
      .catch((caught: unknown) => caught);
    expect(String(error)).toContain(credentialsFile(home));
    expect(String(error)).not.toContain(token);
    await writeFile(credentialsFile(home), JSON.stringify({ labelStudio: token }));
    const typed = await access()
      .find()
      .catch((caught: unknown) => caught);
    expect(JSON.stringify(typed) + String(typed)).not.toContain(token);
  });

  it('does not reach a log by what is logged of it', async () => {
    await access().save({ url, token });
    const lines: string[] = [];
    const log = createLog('trace', { write: (line: string) => lines.push(line) });
    const found = await access().find();
    log.warn({ access: found, status: await access().status() }, 'careless');
    const { values } = await readSettings({ home, env: {} });
    log.warn({ values }, 'careless');
    log.warn({ ...found, headers: { authorization: `Token ${token}` } });
    expect(lines).toHaveLength(3);
    expect(lines.join('')).not.toContain(token);
  });
});

describe('installationSecret', () => {
  it('is drawn once and the same for all who ask at once', async () => {
    const secrets = await Promise.all(Array.from({ length: 8 }, () => installationSecret(home)));
    expect(new Set(secrets).size).toBe(1);
    expect(secrets[0]).toMatch(/^[A-Za-z0-9_-]{43}$/u);
    expect(await installationSecret(home)).toBe(secrets[0]);
    expect(await installationSecret(join(folder, 'another'))).not.toBe(secrets[0]);
  });
});
