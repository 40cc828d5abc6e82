import { webOrigin } from '../../labelstudio/address.ts';
import { panelOriginListSchema } from '../../panel/origins.ts';
import type { PanelOrigin, PanelOriginList } from '../../panel/origins.ts';
import { Observable } from '../../ui/observable.ts';
import { problemOf } from '../../ui/problem.ts';
import { call } from './relayApi.ts';

/** The relay's list of pages that may show the panel. Calls reject with `RelayApiError`. */
export interface PanelAccessApi {
  list(): Promise<PanelOriginList>;
  allow(origin: string): Promise<PanelOriginList>;
  remove(origin: string): Promise<PanelOriginList>;
}

const path = '/api/panel/origins';

const relayAccess: PanelAccessApi = {
  list: () => call('GET', path, panelOriginListSchema),
  allow: (origin) => call('POST', path, panelOriginListSchema, { origin }),
  remove: (origin) => call('DELETE', `${path}?origin=${encodeURIComponent(origin)}`, panelOriginListSchema),
};

/** Which Label Studios may show the panel. Only what the user presses here changes it. */
export class PanelAccess extends Observable {
  /** Null until it is read. */
  origins: readonly PanelOrigin[] | null = null;
  problem: string | null = null;
  busy = false;

  readonly #api: PanelAccessApi;

  constructor(api: PanelAccessApi = relayAccess) {
    super();
    this.#api = api;
  }

  isAllowed(origin: string): boolean {
    return this.origins?.some((each) => each.origin === origin) ?? false;
  }

  load(): Promise<boolean> {
    return this.#take(() => this.#api.list());
  }

  /** `address`: an origin, or the address of any of its pages. False when it was not allowed; `problem` says why. */
  async allow(address: string): Promise<boolean> {
    const origin = originOf(address);
    if (origin !== null) return this.#take(() => this.#api.allow(origin));
    this.problem =
      'This is not the address of a Label Studio. Paste the one you open it with, for example http://localhost:8080.';
    this.changed();
    return false;
  }

  remove(origin: string): Promise<boolean> {
    return this.#take(() => this.#api.remove(origin));
  }

  async #take(ask: () => Promise<PanelOriginList>): Promise<boolean> {
    this.busy = true;
    this.problem = null;
    this.changed();
    try {
      this.origins = (await ask()).origins;
      return true;
    } catch (error) {
      this.problem = problemOf(error);
      return false;
    } finally {
      this.busy = false;
      this.changed();
    }
  }
}

/** The origin of whatever address was pasted; null for what is no address of a web page. */
export function originOf(address: string): string | null {
  const text = address.trim();
  return URL.canParse(text) ? webOrigin(new URL(text).origin) : null;
}
