import { ContextProvider } from '@lit/context';
import { LitElement, html } from 'lit';
import { expect, test } from 'vitest';
import { render } from 'vitest-browser-lit';
import type { ListedModel } from '../../../src/engine/client/modelList.ts';
import { Reach } from '../../../src/app/offline/reach.ts';
import { AppState } from '../../../src/app/state/appState.ts';
import type { Services } from '../../../src/app/state/services.ts';
import { appContext } from '../../../src/app/state/context.ts';
import '../../../src/app/pages/preview-page.ts';
import type { DetectResult, Engine } from '../../../src/engine/types.ts';
import { fileSource } from '../../../src/prelabel/fileSource.ts';
import { memoryStore } from '../../../src/prelabel/memoryStore.ts';
import { tinyManifest } from '../../support/tinyModelBrowser.ts';
import { FakeRelay } from './fakeRelay.ts';

const scores = [0.9, 0.6, 0.45, 0.2, 0.1];
const model: ListedModel = {
  name: 'tiny-model',
  version: 'tiny-model-00000000',
  origin: 'bundled',
  url: '/models/tiny-model/',
  manifest: tinyManifest,
};

/** Counts its calls; answers five boxes an image. */
class CountingEngine implements Engine {
  calls = 0;
  readonly info = {
    backend: 'wasm',
    device: 'a stand-in',
    why: 'A test asked for it.',
    warmUpMs: 1,
    modelVersion: model.version,
  } as const;

  detect(): Promise<DetectResult> {
    this.calls += 1;
    const timings = { decode: 1, preprocess: 1, infer: 1, postprocess: 1, total: 4 };
    const detections = scores.map((score, i) => ({ x1: i, y1: 0, x2: i + 5, y2: 5, score, label: 0 }));
    return Promise.resolve({ width: 40, height: 30, detections, timings });
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

class Surroundings extends LitElement {
  app: AppState | null = null;
  readonly #provider = new ContextProvider(this, { context: appContext });

  protected override render() {
    if (this.app === null) return html``;
    this.#provider.setValue(this.app);
    return html`<fl-preview-page></fl-preview-page>`;
  }
}
customElements.define('test-surroundings', Surroundings);

async function png(): Promise<Blob> {
  const canvas = new OffscreenCanvas(40, 30);
  canvas.getContext('2d')?.fillRect(0, 0, 40, 30);
  return canvas.convertToBlob();
}

function preparedApp(engine: Engine): AppState {
  const never = (): never => {
    throw new Error('not part of this test');
  };
  const services: Services = {
    loadEngine: () => Promise.resolve(engine),
    createLabelStudio: never,
    relay: new FakeRelay(),
    credentials: {
      recall: () => Promise.resolve(null),
      hold: () => undefined,
      remember: () => Promise.resolve(),
      forget: () => Promise.resolve(),
    },
    keep: () =>
      Promise.resolve({
        results: memoryStore(),
        settings: { read: (setting) => Promise.resolve(setting.initial), write: () => Promise.resolve() },
      }),
    listSamples: never,
    reach: new Reach(),
    exportEverything: () => Promise.resolve(),
    restoreEverything: () => Promise.resolve({ results: 0, older: 0, runs: 0, settings: 0 }),
    copies: never,
    folders: never,
    deleteEverything: never,
  };
  const app = new AppState(services);
  app.chooseModel(model);
  app.chooseFolder(
    fileSource(
      'folder:f',
      'f',
      ['1.png', '2.png'].map((path) => ({ path, blob: png })),
    ),
  );
  return app;
}

test('moving the threshold filters the boxes and runs no model', async () => {
  const engine = new CountingEngine();
  const app = preparedApp(engine);
  const screen = render(html`<test-surroundings .app=${app}></test-surroundings>`);
  await expect.element(screen.getByText('6 of 10 boxes')).toBeVisible();
  await expect.element(screen.getByText('3 boxes').first()).toBeVisible();
  expect(engine.calls).toBe(2);

  const slider = screen.getByRole('slider', { name: 'Threshold' });
  await slider.fill('0.5');
  await expect.element(screen.getByText('4 of 10 boxes')).toBeVisible();
  await expect.element(screen.getByRole('img', { name: '1.png: 2 thing' })).toBeVisible();

  await slider.fill('0.05');
  await expect.element(screen.getByText('10 of 10 boxes')).toBeVisible();
  await expect.element(screen.getByRole('img', { name: '2.png: 5 thing' })).toBeVisible();
  expect(engine.calls).toBe(2);
});

test('a hidden class is not drawn, and comes back', async () => {
  const app = preparedApp(new CountingEngine());
  const screen = render(html`<test-surroundings .app=${app}></test-surroundings>`);
  await expect.element(screen.getByText('3 boxes').first()).toBeVisible();
  await screen.getByRole('button', { name: 'thing' }).click();
  await expect.element(screen.getByText('0 boxes').first()).toBeVisible();
  await screen.getByRole('button', { name: 'thing' }).click();
  await expect.element(screen.getByText('3 boxes').first()).toBeVisible();
});
