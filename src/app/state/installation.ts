import { Workbox } from 'workbox-window';
import { primaryFile } from '../../detector/manifest.ts';
import { fetchModel, isModelCached } from '../../engine/client/modelCache.ts';
import type { ListedModel } from '../../engine/client/modelList.ts';
import type { WorkerMessage } from '../../serviceWorker/messages.ts';
import { Observable } from '../../ui/observable.ts';

/** What Chromium fires when the page can be installed; no standard type has it. */
interface InstallPrompt extends Event {
  prompt(): Promise<unknown>;
}

/** How often a page that stays open asks whether there is a new version. */
const CHECK_MS = 60 * 60 * 1000;

/** How long a new version may take to follow the old one before the page is loaded without either. */
const TAKE_OVER_MS = 2000;

/** A relay that takes longer than this to answer is as good as away. */
const PATIENCE_MS = 3000;

/**
 * The app as it is kept in this browser: its service worker, a new version that waits for the user's word, and
 * whether the browser offers to install it. On pages that are not secure (http, not this machine) there is none.
 */
export class Installation extends Observable {
  /** 'waiting': a new version is here; 'elsewhere': another tab has changed to it already. */
  update: 'none' | 'waiting' | 'elsewhere' = 'none';
  /** The app opens without a network from now on. */
  ready = false;
  /** The browser would install it. */
  installable = false;
  /** The user has said Reload, and the new version is about to follow. */
  reloading = false;

  /** Models that are kept, or being kept, for an engine on the GPU or without one. */
  readonly #kept = new Set<string>();
  #workbox: Workbox | null = null;
  #prompt: InstallPrompt | null = null;

  /** Registers the service worker. To be told when an engine runs (`keepEngine`). */
  async start(): Promise<void> {
    addEventListener('beforeinstallprompt', (event) => {
      event.preventDefault();
      this.#offer(event as InstallPrompt);
    });
    addEventListener('appinstalled', () => this.#offer(null));
    // A development server has no build to keep.
    if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
    const hadController = navigator.serviceWorker.controller !== null;
    const workbox = new Workbox('/sw.js', { scope: '/' });
    this.#workbox = workbox;
    workbox.addEventListener('waiting', () => this.#show('waiting'));
    navigator.serviceWorker.addEventListener('controllerchange', () => {
      // The very first one takes the page as it is: it brings the files that the page was made from.
      if (this.reloading) location.reload();
      else if (hadController) this.#show('elsewhere');
    });
    try {
      await workbox.register();
    } catch {
      // Blocked by a setting or a private window: the page works as any page does, while there is a network.
      return;
    }
    this.#watchForUpdates(workbox);
  }

  /**
   * The engine runs: what a browser starts one from is kept, the model and, on secure pages, the wasm; also where it is
   * the relay that works, which may go away. From then on a secure page needs no network. Does nothing the second time
   * for a model. Never rejects.
   *
   * @param gpu whether the page uses the GPU itself
   */
  async keepEngine({ version, url, manifest }: ListedModel, gpu: boolean): Promise<void> {
    const what = `${version} ${gpu}`;
    if (this.#kept.has(what)) return;
    this.#kept.add(what);
    try {
      const file = primaryFile(manifest);
      if (!(await isModelCached(file))) await fetchModel(new URL(`${url}${file.path}`, location.href), file);
      if (this.#workbox === null) return;
      const { active } = await navigator.serviceWorker.ready;
      const message: WorkerMessage = { type: 'KEEP_WASM', gpu };
      active?.postMessage(message);
      this.ready = true;
      this.changed();
    } catch {
      // Tried again with the next visit; this one has an engine.
      this.#kept.delete(what);
    }
  }

  /** Changes to the new version: the page is loaded anew, a run goes on where it was. */
  reload(): void {
    if (this.update === 'elsewhere' || this.#workbox === null) {
      location.reload();
      return;
    }
    this.reloading = true;
    this.changed();
    this.#workbox.messageSkipWaiting();
    // Chromium gives the change up when a request of the page, as a run makes them all the time, starts the old worker
    // again just when it was stopped.
    setTimeout(() => void this.#reloadWithoutWorkers(), TAKE_OVER_MS);
  }

  /** Not now: asked again at the next visit. */
  later(): void {
    this.#show('none');
  }

  /** Opens the browser's own dialog to install. */
  async install(): Promise<void> {
    await this.#prompt?.prompt();
    this.#offer(null);
  }

  /** The page as the relay has it, which registers its service worker as on a first visit; the caches stay. */
  async #reloadWithoutWorkers(): Promise<void> {
    const relay = await fetch('/', { method: 'HEAD', signal: AbortSignal.timeout(PATIENCE_MS) }).catch(
      () => null,
    );
    // Without the relay there is only the page that the old worker keeps.
    if (relay?.ok === true) await (await navigator.serviceWorker.getRegistration())?.unregister();
    location.reload();
  }

  #watchForUpdates(workbox: Workbox): void {
    const check = (): void => void workbox.update().catch(() => undefined);
    setInterval(check, CHECK_MS);
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') check();
    });
  }

  #offer(prompt: InstallPrompt | null): void {
    this.#prompt = prompt;
    this.installable = prompt !== null;
    this.changed();
  }

  #show(update: Installation['update']): void {
    this.update = update;
    this.changed();
  }
}
