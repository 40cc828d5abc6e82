import type { ConnectionInfo, LabelStudio, LabelStudioOptions, Project } from '../../labelstudio/types.ts';
import { Observable } from '../../ui/observable.ts';
import { isAbort, problemOf } from '../../ui/problem.ts';

/** Where to connect to, as the user typed it. */
export type Credentials = Pick<LabelStudioOptions, 'url' | 'token'>;

/** Keeps credentials: as long as the tab lives, and encrypted between visits when the user wants that. */
export interface CredentialMemory {
  /** `remembered`: kept between visits. */
  recall(): Promise<(Credentials & { readonly remembered: boolean }) | null>;
  /** For this tab, so that a reload does not ask again. */
  hold(credentials: Credentials): void;
  /** Between visits. */
  remember(credentials: Credentials): Promise<void>;
  /** Both. */
  forget(): Promise<void>;
}

/** The connection to a Label Studio: none, being made, or there with its projects. */
export class ConnectionState extends Observable {
  status: 'none' | 'connecting' | 'connected' = 'none';
  problem: string | null = null;
  client: LabelStudio | null = null;
  info: ConnectionInfo | null = null;
  /** Null while they are being listed. */
  projects: readonly Project[] | null = null;
  /** The token is kept, encrypted, on this computer. */
  remembered = false;

  readonly #create: (options: LabelStudioOptions) => LabelStudio;
  readonly #memory: CredentialMemory;
  /** One client for each address: whoever uses it goes on with a new token. */
  readonly #clients = new Map<string, LabelStudio>();
  #abort = new AbortController();

  constructor(create: (options: LabelStudioOptions) => LabelStudio, memory: CredentialMemory) {
    super();
    this.#create = create;
    this.#memory = memory;
  }

  /** Connects with what was remembered, if anything was. A failure shows as the connection's problem. */
  async resume(): Promise<void> {
    const kept = await this.#memory.recall().catch(() => null);
    if (kept === null || this.status !== 'none') return;
    this.remembered = kept.remembered;
    await this.#connect(kept);
  }

  /** Checks address and token, lists the projects, and remembers the credentials only when asked to. */
  async connect(credentials: Credentials, options: { readonly remember: boolean }): Promise<void> {
    if (!(await this.#connect(credentials))) return;
    this.#memory.hold(credentials);
    if (!options.remember) return;
    try {
      await this.#memory.remember(credentials);
      this.remembered = true;
    } catch (error) {
      this.problem = problemOf(error);
    }
    this.changed();
  }

  /** Lists the projects again. */
  async refresh(): Promise<void> {
    const { client } = this;
    if (client === null) return;
    this.projects = null;
    this.problem = null;
    this.changed();
    try {
      this.projects = await client.listProjects(this.#abort.signal);
    } catch (error) {
      if (isAbort(error)) return;
      this.projects = [];
      this.problem = problemOf(error);
    }
    this.changed();
  }

  /** Lets go of the connection and of a remembered token. */
  async disconnect(): Promise<void> {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.status = 'none';
    this.client = null;
    this.info = null;
    this.projects = null;
    this.problem = null;
    try {
      await this.#memory.forget();
      this.remembered = false;
    } catch (error) {
      this.problem = problemOf(error);
    }
    this.changed();
  }

  async #connect(credentials: Credentials): Promise<boolean> {
    this.#abort.abort();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.status = 'connecting';
    this.problem = null;
    this.changed();
    try {
      const client = this.#create(credentials);
      const info = await client.connect(signal);
      signal.throwIfAborted();
      const known = this.#clients.get(info.url);
      known?.useToken(credentials.token);
      this.client = known ?? client;
      this.#clients.set(info.url, this.client);
      this.info = info;
      this.status = 'connected';
      this.changed();
      await this.refresh();
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      this.status = 'none';
      this.client = null;
      this.problem = problemOf(error);
      this.changed();
      return false;
    }
  }
}
