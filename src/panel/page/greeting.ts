import * as v from 'valibot';
import { helloSchema } from '../messages.ts';
import { panelOriginListSchema } from '../origins.ts';

/** Whose pages the user has allowed, asked of the server of this page. Rejects when it does not say. */
export async function allowedOrigins(): Promise<ReadonlySet<string>> {
  const response = await fetch('/api/panel/origins', { headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const { origins } = v.parse(panelOriginListSchema, await response.json());
  return new Set(origins.map(({ origin }) => origin));
}

/** The message that a page sends to meet the panel: who it says it is comes from the browser, not from the page. */
export type Greeting = Pick<MessageEvent<unknown>, 'data' | 'origin' | 'source' | 'ports'>;

/**
 * The port that a greeting hands over, or null: a greeting counts only from the page that frames this one, and only when
 * the user has allowed its origin. The list is asked for each greeting anew: an origin may have been removed.
 */
export async function acceptGreeting(
  { data, origin, source, ports }: Greeting,
  parent: MessageEventSource,
  allowed: () => Promise<ReadonlySet<string>>,
): Promise<MessagePort | null> {
  const [port] = ports;
  if (port === undefined || ports.length !== 1) return null;
  if (source !== parent || !v.safeParse(helloSchema, data).success) return null;
  const origins = await allowed().catch(() => new Set<string>());
  return origins.has(origin) ? port : null;
}
