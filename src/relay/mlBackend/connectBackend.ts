import type { BackendStatus } from '../../training/api.ts';
import type { BackendApi, BackendAuth, WebhookRow } from './backendApi.ts';
import { isReserved } from './backendApi.ts';

export interface BackendConnection {
  readonly api: BackendApi;
  readonly project: number;
  /** The relay's address as Label Studio is to call it, without a trailing slash. */
  readonly url: string;
  readonly auth: BackendAuth;
}

const both = 'ML_BLOCK_LOCAL_IP=false and SSRF_PROTECTION_ENABLED=false';

/** Whether this relay is a model of the project, and what is missing. Rejects with `LabelStudioError`. */
export async function backendStatus({ api, project, url, auth }: BackendConnection): Promise<BackendStatus> {
  const rows = (await api.backends(project)).filter((row) => sameAddress(row.url, url));
  if (rows.length === 0) {
    const allowed = await api.allows(url);
    if (!allowed.backend || !allowed.webhook) return blocked(url, allowed);
    return { state: 'absent', url, message: null };
  }
  const webhook = (await api.webhooks(project)).find((hook) => sameAddress(hook.url, `${url}/webhook`));
  if (webhook === undefined) {
    const { webhook: allowed } = await api.allows(url);
    return incomplete(
      url,
      allowed
        ? 'Label Studio has this model but no webhook for it, so annotations are not counted. Connect again.'
        : 'Label Studio has this model but refused its webhook, because the address is private. ' +
            'Start Label Studio with SSRF_PROTECTION_ENABLED=false too (besides ML_BLOCK_LOCAL_IP=false), and connect again.',
    );
  }
  if (!works(webhook, auth)) {
    return incomplete(
      url,
      "Label Studio's webhook for this model does not say who it is, or is off. Connect again.",
    );
  }
  if (rows.some(({ state }) => state === 'DI' || state === 'ER')) {
    return incomplete(
      url,
      `Label Studio could not talk to this model at ${url}. Connect again; if it stays, check that Label Studio's machine reaches that address.`,
    );
  }
  return { state: 'connected', url, message: null };
}

/**
 * Makes this relay a model of the project: the backend with basic authentication, and its webhook with the same as a
 * header, which Label Studio does not set itself. What is there is repaired; what we left behind is removed. Sets
 * nothing else. Rejects with `LabelStudioError`.
 */
export async function connectBackend(connection: BackendConnection): Promise<BackendStatus> {
  const { api, project, url, auth } = connection;
  const rows = (await api.backends(project)).filter((row) => sameAddress(row.url, url));
  try {
    if (rows.length === 0) {
      // Asked first: with one setting of two, Label Studio refuses and keeps half of it.
      const allowed = await api.allows(url);
      if (!allowed.backend || !allowed.webhook) return blocked(url, allowed);
      await api.createBackend(project, url, auth);
    }
    for (const { id, url: kept } of rows) await api.repairBackend(id, project, kept, auth);
    await mendWebhooks(connection);
  } catch (error) {
    if (!isReserved(error)) throw error;
    const status = await backendStatus(connection);
    return status.state === 'absent' ? blocked(url, { backend: false, webhook: false }) : status;
  }
  return backendStatus(connection);
}

async function mendWebhooks({ api, project, url, auth }: BackendConnection): Promise<void> {
  const webhooks = await api.webhooks(project);
  const [own, ...doubles] = webhooks.filter((hook) => sameAddress(hook.url, `${url}/webhook`));
  if (own === undefined) await api.createWebhook(project, `${url}/webhook`, authorization(auth));
  else if (!works(own, auth)) await api.repairWebhook(own.id, authorization(auth));
  const backends = await api.backends(project);
  const stale = webhooks.filter(
    (hook) =>
      isOurs(hook, auth) &&
      !sameAddress(hook.url, `${url}/webhook`) &&
      !backends.some((row) => sameAddress(`${withoutSlash(row.url)}/webhook`, hook.url)),
  );
  for (const { id } of [...doubles, ...stale]) await api.removeWebhook(id);
}

const authorization = ({ user, password }: BackendAuth): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

function works(hook: WebhookRow, auth: BackendAuth): boolean {
  const set = hook.is_active && hook.send_payload && hook.send_for_all_actions;
  return set && authorizationOf(hook) === authorization(auth);
}

/** Ours by the user name in its header, whatever the secret was then. */
function isOurs(hook: WebhookRow, { user }: BackendAuth): boolean {
  const [scheme, value = ''] = (authorizationOf(hook) ?? '').split(' ');
  return scheme === 'Basic' && Buffer.from(value, 'base64').toString('utf8').startsWith(`${user}:`);
}

function authorizationOf(hook: WebhookRow): string | undefined {
  const value = Object.entries(hook.headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  return typeof value === 'string' ? value : undefined;
}

function blocked(
  url: string,
  allowed: { readonly backend: boolean; readonly webhook: boolean },
): BackendStatus {
  const todo = allowed.backend
    ? 'Start Label Studio with SSRF_PROTECTION_ENABLED=false too (ML_BLOCK_LOCAL_IP=false is set already)'
    : allowed.webhook
      ? 'Start Label Studio with ML_BLOCK_LOCAL_IP=false too (SSRF_PROTECTION_ENABLED=false is set already)'
      : `Restart Label Studio with ${both}`;
  return {
    state: 'blocked',
    url,
    message: `Label Studio refuses models at private addresses such as ${url}. ${todo}, and connect again.`,
  };
}

const incomplete = (url: string, message: string): BackendStatus => ({ state: 'incomplete', url, message });

const withoutSlash = (url: string): string => url.replace(/\/+$/u, '');

function sameAddress(a: string, b: string): boolean {
  return withoutSlash(a) === withoutSlash(b);
}
