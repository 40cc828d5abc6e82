import { beforeEach, describe, expect, it } from 'vitest';
import { LabelStudioError } from '../../../src/labelstudio/errors.ts';
import type { BackendApi, MlBackendRow, WebhookRow } from '../../../src/relay/mlBackend/backendApi.ts';
import { backendStatus, connectBackend } from '../../../src/relay/mlBackend/connectBackend.ts';

const url = 'http://127.0.0.1:9090';
const auth = { user: 'forelabel', password: 'secret' };
const header = `Basic ${btoa('forelabel:secret')}`;
const hook = (id: number, more: Partial<WebhookRow> = {}): WebhookRow => ({
  ...{ id, url: `${url}/webhook`, project: 1, headers: { Authorization: header } },
  ...{ is_active: true, send_payload: true, send_for_all_actions: true },
  ...more,
});
const reserved = () =>
  new LabelStudioError('forbidden', 'URL resolves to a reserved network address (block: 127.0.0.0/8)', {
    status: 403,
  });

/** A Label Studio that keeps what it is given, and says what was done. */
let backends: MlBackendRow[];
let webhooks: WebhookRow[];
let allowed: { backend: boolean; webhook: boolean };
let done: string[];
let api: BackendApi;

beforeEach(() => {
  backends = [];
  webhooks = [];
  allowed = { backend: true, webhook: true };
  done = [];
  api = {
    backends: () => Promise.resolve(backends),
    webhooks: () => Promise.resolve(webhooks),
    createBackend: (_, address, login) => {
      done.push(`backend ${login.user}:${login.password}`);
      backends.push({ id: 1, url: address, state: 'CO' });
      if (!allowed.webhook) return Promise.reject(reserved());
      webhooks.push(hook(10, { headers: {} }));
      return Promise.resolve();
    },
    repairBackend: (id) => {
      done.push(`repair backend ${id}`);
      backends = backends.map((row) => (row.id === id ? { ...row, state: 'CO' } : row));
      return allowed.backend ? Promise.resolve() : Promise.reject(reserved());
    },
    createWebhook: (_, address, authorization) => {
      done.push('webhook');
      if (!allowed.webhook) return Promise.reject(reserved());
      webhooks.push(hook(11, { url: address, headers: { Authorization: authorization } }));
      return Promise.resolve();
    },
    repairWebhook: (id, authorization) => {
      done.push(`repair webhook ${id}`);
      webhooks = webhooks.map((row) =>
        row.id === id ? hook(id, { headers: { Authorization: authorization } }) : row,
      );
      return Promise.resolve();
    },
    removeWebhook: (id) => {
      done.push(`remove webhook ${id}`);
      webhooks = webhooks.filter((row) => row.id !== id);
      return Promise.resolve();
    },
    allows: () => Promise.resolve(allowed),
  };
});
const connection = () => ({ api, project: 1, url, auth });

describe('connecting', () => {
  it('makes the backend and lets its webhook log in', async () => {
    expect(await connectBackend(connection())).toEqual({ state: 'connected', url, message: null });
    expect(done).toEqual(['backend forelabel:secret', 'repair webhook 10']);
  });

  it('repairs what is there, and changes nothing that is right', async () => {
    backends = [{ id: 1, url: `${url}/`, state: 'ER' }];
    webhooks = [hook(10)];
    expect((await backendStatus(connection())).state).toBe('incomplete');
    expect((await connectBackend(connection())).state).toBe('connected');
    expect(done).toEqual(['repair backend 1']);
  });

  it.each<[string, Partial<WebhookRow>]>([
    ['without a header', { headers: {} }],
    ['with an old secret', { headers: { Authorization: `Basic ${btoa('forelabel:old')}` } }],
    ['that is off', { is_active: false }],
    ['without payload', { send_payload: false }],
    ['for few actions', { send_for_all_actions: false }],
  ])('repairs a webhook %s', async (_, more) => {
    backends = [{ id: 1, url, state: 'CO' }];
    webhooks = [hook(10, more)];
    expect(await backendStatus(connection())).toMatchObject({ state: 'incomplete' });
    expect((await connectBackend(connection())).state).toBe('connected');
    expect(done).toContain('repair webhook 10');
  });

  it('takes a header whatever its case', async () => {
    backends = [{ id: 1, url, state: 'TR' }];
    webhooks = [hook(10, { headers: { authorization: header } })];
    expect((await backendStatus(connection())).state).toBe('connected');
  });

  it('removes doubles and what we left behind, and nobody else’s', async () => {
    backends = [
      { id: 1, url, state: 'CO' },
      { id: 2, url: 'http://127.0.0.1:7070', state: 'CO' },
    ];
    webhooks = [
      hook(10),
      hook(11),
      hook(12, {
        url: 'http://127.0.0.1:8081/webhook',
        headers: { Authorization: `Basic ${btoa('forelabel:old')}` },
      }),
      hook(13, { url: 'http://127.0.0.1:7070/webhook' }),
      hook(14, { url: 'http://hooks.example/in', headers: { Authorization: 'Bearer x' } }),
      hook(15, { url: 'http://hooks.example/other', headers: {} }),
    ];
    await connectBackend(connection());
    expect(done).toEqual(['repair backend 1', 'remove webhook 11', 'remove webhook 12']);
  });
});

describe('where private addresses are refused', () => {
  it.each([
    [
      { backend: false, webhook: false },
      'Restart Label Studio with ML_BLOCK_LOCAL_IP=false and SSRF_PROTECTION_ENABLED=false',
    ],
    [{ backend: true, webhook: false }, 'with SSRF_PROTECTION_ENABLED=false too'],
    [{ backend: false, webhook: true }, 'with ML_BLOCK_LOCAL_IP=false too'],
  ])('%j: says what to set, and makes nothing', async (allows, words) => {
    allowed = allows;
    for (const status of [await backendStatus(connection()), await connectBackend(connection())]) {
      expect(status.state).toBe('blocked');
      expect(status.message).toContain(words);
    }
    expect(done).toEqual([]);
  });

  it('names the second setting where half of it is there', async () => {
    backends = [{ id: 1, url, state: 'CO' }];
    allowed = { backend: true, webhook: false };
    for (const status of [await backendStatus(connection()), await connectBackend(connection())]) {
      expect(status.state).toBe('incomplete');
      expect(status.message).toContain('SSRF_PROTECTION_ENABLED=false too');
    }
  });

  it('says so too when the question told nothing and connecting is refused', async () => {
    api = { ...api, createBackend: () => Promise.reject(reserved()) };
    expect(await connectBackend(connection())).toMatchObject({ state: 'blocked' });
  });

  it('lets other refusals through', async () => {
    const refusal = new LabelStudioError('forbidden', 'not your project', { status: 403 });
    api = { ...api, createBackend: () => Promise.reject(refusal) };
    await expect(connectBackend(connection())).rejects.toBe(refusal);
  });
});
