/** Label Studio's list of ML backends and webhooks, as far as connecting needs it. */
import * as v from 'valibot';
import { normalizeAddress } from '../../labelstudio/address.ts';
import { createApi, type Api } from '../../labelstudio/api.ts';
import { LabelStudioError } from '../../labelstudio/errors.ts';
import { defaultNetwork } from '../../labelstudio/network.ts';
import { createSession } from '../../labelstudio/session.ts';
import { readToken } from '../../labelstudio/token.ts';
import type { LabelStudioAccess } from '../training/contracts.ts';

const backendSchema = v.object({
  id: v.number(),
  url: v.string(),
  /** CO, DI, ER, TR, PR: connected, disconnected, error, training, predicting. */
  state: v.string(),
});
export type MlBackendRow = v.InferOutput<typeof backendSchema>;

const webhookSchema = v.object({
  id: v.number(),
  url: v.string(),
  project: v.nullable(v.number()),
  is_active: v.boolean(),
  send_payload: v.boolean(),
  send_for_all_actions: v.boolean(),
  headers: v.nullish(v.record(v.string(), v.unknown()), {}),
});
export type WebhookRow = v.InferOutput<typeof webhookSchema>;

/** How Label Studio proves to the relay who it is. */
export interface BackendAuth {
  readonly user: string;
  readonly password: string;
}

export interface BackendApi {
  /** Label Studio asks each of them for its health and its version first. */
  backends(project: number): Promise<readonly MlBackendRow[]>;
  webhooks(project: number): Promise<readonly WebhookRow[]>;
  createBackend(project: number, url: string, auth: BackendAuth): Promise<void>;
  /** Sets the way to log in anew; Label Studio tries it at once. */
  repairBackend(id: number, project: number, url: string, auth: BackendAuth): Promise<void>;
  createWebhook(project: number, url: string, authorization: string): Promise<void>;
  repairWebhook(id: number, authorization: string): Promise<void>;
  removeWebhook(id: number): Promise<void>;
  /** Whether Label Studio would take this address for a model, and for a webhook. Changes nothing. */
  allows(url: string): Promise<{ readonly backend: boolean; readonly webhook: boolean }>;
}

const anything = v.unknown();

/** Calls reject with `LabelStudioError`. */
export function backendApi(access: LabelStudioAccess, signal: AbortSignal): BackendApi {
  const network = defaultNetwork();
  const api = createApi(
    createSession(normalizeAddress(access.url), readToken(access.token), network),
    network,
  );
  const login = ({ user, password }: BackendAuth) => ({
    auth_method: 'BASIC_AUTH',
    basic_auth_user: user,
    basic_auth_pass: password,
  });
  return {
    backends: (project) => api.get(`/api/ml?project=${project}`, v.array(backendSchema), signal),
    webhooks: async (project) =>
      (await api.get(`/api/webhooks/?project=${project}`, v.array(webhookSchema), signal)).filter(
        // Those of the whole organization come along.
        (webhook) => webhook.project === project,
      ),
    async createBackend(project, url, auth) {
      const body = { project, url, title: 'Forelabel', is_interactive: false, ...login(auth) };
      await api.send('POST', '/api/ml', body, anything, signal);
    },
    async repairBackend(id, project, url, auth) {
      await api.send('PATCH', `/api/ml/${id}`, { project, url, ...login(auth) }, anything, signal);
    },
    async createWebhook(project, url, authorization) {
      const body = { project, url, ...webhookWishes(authorization) };
      await api.send('POST', '/api/webhooks/', body, anything, signal);
    },
    async repairWebhook(id, authorization) {
      await api.send('PATCH', `/api/webhooks/${id}/`, webhookWishes(authorization), anything, signal);
    },
    removeWebhook: (id) => api.remove(`/api/webhooks/${id}/`, signal),
    async allows(url) {
      const [backend, webhook] = await Promise.all([
        takesAddress(api, '/api/ml', url, signal),
        takesAddress(api, '/api/webhooks/', `${url}/webhook`, signal),
      ]);
      return { backend, webhook };
    },
  };
}

const webhookWishes = (authorization: string) => ({
  is_active: true,
  send_payload: true,
  send_for_all_actions: true,
  headers: { Authorization: authorization },
});

/**
 * Asks for something that cannot be made, because its project is none: the address is looked at first, and
 * refused with 403 where private ones are.
 */
async function takesAddress(api: Api, path: string, url: string, signal: AbortSignal): Promise<boolean> {
  try {
    await api.send('POST', path, { url, project: 0 }, anything, signal);
    return true;
  } catch (error) {
    if (error instanceof LabelStudioError && error.code === 'bad-request') return true;
    if (isReserved(error)) return false;
    // It told nothing about the address; connecting will.
    if (error instanceof LabelStudioError && ['forbidden', 'not-found'].includes(error.code)) return true;
    throw error;
  }
}

/** Label Studio's refusal of loopback and private addresses. */
export function isReserved(error: unknown): boolean {
  return (
    error instanceof LabelStudioError &&
    error.status === 403 &&
    /reserved network address/iu.test(error.message)
  );
}
