import type { Browser, Page } from 'playwright-core';
import { EngineError } from '../engine/errors.ts';
import type { DetectResult, Engine, EngineInfo } from '../engine/types.ts';
import { appFolder } from '../relay/home.ts';
import { createLog } from '../relay/log.ts';
import type { CatalogModel } from '../relay/modelCatalog.ts';
import { serveRelay, type RelayServer } from '../relay/server.ts';
import { launchChromium } from './chromium.ts';
import { CommandError } from './errors.ts';
import { ImageHandover } from './imageHandover.ts';
import type { Answer, EnginePage } from './page/contract.ts';

/** What the page puts into its global scope. */
type Scope = typeof globalThis & { readonly forelabelEngine: EnginePage };

/**
 * The app's own engine without the app: headless Chromium opens a page of ours from a relay on a free loopback
 * port and runs the worker there, on that one backend. Throws `CommandError` or `EngineError`.
 */
export async function createBrowserEngine(model: CatalogModel, backend: 'wasm' | 'webgpu'): Promise<Engine> {
  const handover = new ImageHandover();
  const relay = await serveRelay({
    appDir: appFolder,
    models: () => Promise.resolve({ models: [model], problems: [] }),
    host: '127.0.0.1',
    port: 0,
    log: createLog(),
    extend: (app) => handover.serve(app),
  });
  let browser: Browser | undefined;
  try {
    browser = await launchChromium(backend);
    const page = await openPage(browser, relay);
    const info = await page.evaluate((request) => (globalThis as Scope).forelabelEngine.open(request), {
      manifest: model.manifest,
      modelUrl: `/models/${model.version}/`,
      backend,
    });
    return new BrowserEngine(unwrap(info), page, browser, relay, handover);
  } catch (error) {
    await browser?.close();
    await relay.close();
    throw error;
  }
}

class BrowserEngine implements Engine {
  readonly info: EngineInfo;
  readonly #page: Page;
  readonly #browser: Browser;
  readonly #relay: RelayServer;
  readonly #handover: ImageHandover;
  #nextCall = 1;
  #disposed = false;

  constructor(info: EngineInfo, page: Page, browser: Browser, relay: RelayServer, handover: ImageHandover) {
    this.info = info;
    this.#page = page;
    this.#browser = browser;
    this.#relay = relay;
    this.#handover = handover;
  }

  async detect(image: Blob, { signal }: { readonly signal?: AbortSignal } = {}): Promise<DetectResult> {
    signal?.throwIfAborted();
    if (this.#disposed) throw new EngineError('disposed');
    const id = this.#nextCall++;
    const abort = (): void => {
      // The page may be gone by then, and with it what was to be given up.
      this.#page
        .evaluate((call) => (globalThis as Scope).forelabelEngine.abort(call), id)
        .catch(() => undefined);
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const answer = await this.#handover.lend(image, (url) => this.#ask({ id, url }));
      signal?.throwIfAborted();
      return unwrap(answer);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#browser.close();
    await this.#relay.close();
  }

  async #ask(call: { readonly id: number; readonly url: string }): Promise<Answer<DetectResult>> {
    try {
      return await this.#page.evaluate(
        (request) => (globalThis as Scope).forelabelEngine.detect(request),
        call,
      );
    } catch (cause) {
      // The engine's own failures are answers; this is the page or the browser that has gone.
      throw new EngineError(this.#browser.isConnected() ? 'worker-crashed' : 'disposed', undefined, {
        cause,
      });
    }
  }
}

async function openPage(browser: Browser, relay: RelayServer): Promise<Page> {
  const page = await browser.newPage();
  const answer = await page.goto(`${relay.url}/engine.html`);
  if (answer?.ok() !== true) {
    throw new CommandError(
      'engine-page',
      'The engines wasm and webgpu need the built app, which is missing. Run "npm run build", or use --engine native.',
    );
  }
  await page.waitForFunction(() => 'forelabelEngine' in globalThis, undefined, { timeout: 30_000 });
  return page;
}

function unwrap<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.value;
  if (answer.code !== null) throw new EngineError(answer.code, answer.detail ?? undefined);
  throw new CommandError('engine-page', `The engine's page failed: ${answer.message}`);
}
