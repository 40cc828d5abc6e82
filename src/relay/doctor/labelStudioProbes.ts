import * as v from 'valibot';
import { createLabelStudio } from '../../labelstudio/client.ts';
import { LabelStudioError } from '../../labelstudio/errors.ts';
import { readToken } from '../../labelstudio/token.ts';
import { backendApi } from '../mlBackend/backendApi.ts';
import type { Settings } from '../settings/table.ts';
import { ok, problem, split, unknown, warning, type Finding, type Probe } from './check.ts';

type LabelStudioSettings = Pick<
  Settings,
  'labelStudioUrl' | 'labelStudioApiKey' | 'publicUrl' | 'host' | 'port'
>;

const versionSchema = v.object({ release: v.string() });
/** Older ones have other predictions, tokens and webhooks than we know. */
const oldest = [1, 20] as const;

const noAddress = unknown(
  'no Label Studio is named.',
  'Add --label-studio URL, set LABEL_STUDIO_URL, or connect one in the app.',
);
const nothingToAsk = unknown('no Label Studio to ask.', null);
const noToken = 'Set LABEL_STUDIO_API_KEY, or run "forelabel config set labelStudioApiKey -".';

/** Is it there, may a page read it, does it take the token, and may it call Forelabel back? */
export function labelStudioProbes(settings: LabelStudioSettings): readonly Probe[] {
  const { labelStudioUrl: url, labelStudioApiKey: token } = settings;
  const probe = (id: string, title: string, run: Probe['run']): Probe => ({
    id,
    title,
    // What to do about it is said once.
    run: url === null ? () => Promise.resolve(id === 'label-studio' ? noAddress : nothingToAsk) : run,
  });
  return [
    probe('label-studio', 'Label Studio', (signal) => version(url ?? '', signal)),
    probe('token', 'Token', (signal) => accepted(url ?? '', token, signal)),
    probe('cors', 'CORS', (signal) => cors(url ?? '', pageOrigin(settings), signal)),
    probe('callback', 'Calls from Label Studio', (signal) => callback(settings, signal)),
  ];
}

async function ask(url: string, origin: string, signal: AbortSignal): Promise<Response | null> {
  try {
    return await fetch(`${url}/api/version`, {
      headers: { origin },
      signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
    });
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

async function version(url: string, signal: AbortSignal): Promise<Finding> {
  const answer = await ask(url, url, signal);
  if (answer === null) {
    return problem(
      `Nothing answers at ${url}.`,
      'Check that Label Studio runs and that the address, with http:// or https://, is right.',
    );
  }
  const parsed = v.safeParse(versionSchema, await answer.json().catch(() => null));
  if (!parsed.success) {
    return problem(
      `What answers at ${url} is not Label Studio.`,
      'Give the address you open Label Studio with.',
    );
  }
  const { release } = parsed.output;
  const [major = 0, minor = 0] = release.split('.').map(Number);
  const found = `${release} at ${url}`;
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1])
    ? warning(found, `Forelabel is made for Label Studio ${oldest.join('.')} and newer: update it.`)
    : ok(found);
}

async function accepted(url: string, token: string | null, signal: AbortSignal): Promise<Finding> {
  if (token === null) return warning('none is given.', noToken);
  const { kind } = readToken(token);
  try {
    const { user } = await createLabelStudio({ url, token }).connect(signal);
    return ok(`${kind} token, accepted as ${user}`);
  } catch (error) {
    if (!(error instanceof LabelStudioError)) throw error;
    const [found, fix] = split(error.message);
    return ['unreachable', 'timeout', 'not-label-studio'].includes(error.code)
      ? unknown(`${kind} token; nobody there to try it on.`, null)
      : problem(`${kind} token: ${found}`, fix);
  }
}

async function cors(url: string, origin: string, signal: AbortSignal): Promise<Finding> {
  const answer = await ask(url, origin, signal);
  if (answer === null) return unknown('Label Studio does not answer.', null);
  await answer.body?.cancel();
  const allowed = answer.headers.get('access-control-allow-origin');
  if (allowed === '*' || allowed === origin) return ok(`pages at ${origin} may read Label Studio`);
  return problem(
    `Label Studio does not let pages at ${origin} read it.`,
    `Start it with CORS_ALLOWED_ORIGINS=${origin}, or without that variable and CORS_ALLOW_ALL_ORIGINS.`,
  );
}

/**
 * Only trying tells. Label Studio looks at the address before anything else, and what it is asked for cannot be made:
 * nothing is created. Port 1 of the same machine, so that Forelabel itself is not called.
 */
async function callback(settings: LabelStudioSettings, signal: AbortSignal): Promise<Finding> {
  const { labelStudioUrl, labelStudioApiKey, publicUrl, port } = settings;
  const both =
    'Start Label Studio with ML_BLOCK_LOCAL_IP=false and SSRF_PROTECTION_ENABLED=false if it refuses.';
  if (labelStudioUrl === null || labelStudioApiKey === null) {
    return unknown('needs a token to be found out.', both);
  }
  const address = new URL(publicUrl ?? `http://127.0.0.1:${port}`);
  const name = address.hostname;
  address.port = '1';
  try {
    const allowed = await backendApi({ url: labelStudioUrl, token: labelStudioApiKey }, signal).allows(
      address.origin,
    );
    if (allowed.backend && allowed.webhook) return ok(`Label Studio may call ${name}`);
    const missing = [
      ...(allowed.backend ? [] : ['ML_BLOCK_LOCAL_IP=false']),
      ...(allowed.webhook ? [] : ['SSRF_PROTECTION_ENABLED=false']),
    ];
    return warning(
      allowed.backend || allowed.webhook
        ? `Label Studio refuses to call ${name} for ${allowed.backend ? 'webhooks' : 'models'}.`
        : `Label Studio refuses to call ${name}: it is a private address.`,
      `Start Label Studio with ${missing.join(' and ')}. Without, its own buttons cannot reach Forelabel; the app works.`,
    );
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof LabelStudioError)) throw error;
    return unknown(split(error.message)[0], both);
  }
}

const pageOrigin = ({ host, port, publicUrl }: LabelStudioSettings): string =>
  publicUrl === null
    ? `http://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${port === 0 ? 9090 : port}`
    : new URL(publicUrl).origin;
