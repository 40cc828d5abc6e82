import { html } from 'lit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { page as browser, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-lit';
import { PanelEngine } from '../../../src/panel/page/panelEngine.ts';
import { PanelState } from '../../../src/panel/page/panelState.ts';
import type { PanelKept } from '../../../src/panel/page/panelState.ts';
import '../../../src/panel/page/panel-view.ts';
import { createWorkerEngine } from '../../../src/engine/client/createWorkerEngine.ts';
import { openDatabase } from '../../../src/store/database.ts';
import type { Database } from '../../../src/store/database.ts';
import { resultStore } from '../../../src/store/results.ts';
import { settingsStore } from '../../../src/store/settings.ts';
import { registerIcons } from '../../../src/ui/icons.ts';
import '../../../src/ui/theme.css';
import {
  FakeDetector,
  FakePage,
  fakeEngine,
  listed,
  memoryKept,
  twoImages,
} from '../../support/panelPage.ts';
import { tinyManifest, tinyModelUrl } from '../../support/tinyModelBrowser.ts';
import { eventually } from '../../support/eventually.ts';

registerIcons();

let page: FakePage;
let detector: FakeDetector;
let kept: PanelKept;
let panel: PanelState;

async function open(): Promise<void> {
  panel = new PanelState({
    page,
    engine: fakeEngine(detector, [listed('cells-1'), listed('cells-2')]),
    keep: () => Promise.resolve(kept),
  });
  render(html`<fl-panel .panel=${panel}></fl-panel>`);
  await panel.start();
}
beforeEach(() => {
  page = new FakePage();
  detector = new FakeDetector();
  kept = memoryKept();
});

const button = (name: string | RegExp) => browser.getByRole('button', { name });
const slider = () => browser.getByLabelText('Threshold');
const status = () => browser.getByRole('status');

describe('the panel', () => {
  test('says what is open, pre-labels it, and counts', async () => {
    await open();
    await expect.element(status()).toHaveTextContent('No task is open.');
    page.open(7);
    await button(/^Pre-label/u).click();
    await expect.element(status()).toHaveTextContent('3 boxes added · 13 ms');
    page.open(8);
    await button(/^Pre-label/u).click();
    await expect.element(status()).toHaveTextContent('3 boxes added · 13 ms · 2 tasks');
  });

  test('the slider adds and takes away boxes', async () => {
    await open();
    page.open(7);
    await button(/^Pre-label/u).click();
    await expect.element(status()).toHaveTextContent('3 boxes');
    await slider().fill('0.5');
    await expect.element(status()).toHaveTextContent('2 boxes added');
    expect([...page.regions.values()].map(({ score }) => score)).toEqual([0.9, 0.6]);
  });

  test('removes, brings back, and gives away its boxes', async () => {
    await open();
    page.open(7);
    await button(/^Pre-label/u).click();
    await button('Remove all').click();
    await expect.element(status()).toHaveTextContent('0 boxes');
    await button('Undo').click();
    await expect.element(status()).toHaveTextContent('3 boxes');
    await button('Accept all').click();
    await slider().fill('0.95');
    await eventually(() => expect(panel.settings.threshold).toBe(0.95));
    expect(page.regions.size).toBe(3);
  });

  test('asks where boxes are', async () => {
    await open();
    page.open(7, { boxes: 1 });
    await button(/^Pre-label/u).click();
    await expect.element(browser.getByRole('alertdialog')).toHaveTextContent('This annotation has 1 box.');
    await button('Leave').click();
    expect(page.changes).toEqual([]);
    await button(/^Pre-label/u).click();
    await button('Add anyway').click();
    await eventually(() => expect(page.regions.size).toBe(3));
  });

  test('says what went wrong, in its own place', async () => {
    await open();
    page.open(7);
    page.failure = new Error('The bucket does not allow it. Add a CORS rule.');
    await button(/^Pre-label/u).click();
    await expect.element(browser.getByRole('alert')).toHaveTextContent('Add a CORS rule.');
  });

  test('offers model, control, labels, delivery and key', async () => {
    await open();
    page.open(7, { labelConfig: twoImages });
    await button('Options').click();
    await browser.getByLabelText('Model').selectOptions('cells-2');
    expect(panel.engine.model?.version).toBe('cells-2');
    await browser.getByLabelText('Draw with').selectOptions('a on left');
    await eventually(() => expect(panel.targets.mappings).toHaveLength(1));
    await browser.getByLabelText('Label for thing').selectOptions('Leave out');
    await button(/^Pre-label/u).click();
    await expect.element(browser.getByRole('alert')).toHaveTextContent('No class of the model has a label');
    await browser.getByLabelText('Post as prediction').click();
    await expect.element(button(/^Post prediction/u)).toBeVisible();
    await browser.getByLabelText('Key', { exact: true }).click();
    await userEvent.keyboard('{Control>}{Shift>}b{/Shift}{/Control}');
    expect(panel.settings.key).toBe('Ctrl+Shift+KeyB');
  });

  test('is worked with the keyboard alone', async () => {
    await open();
    page.open(7);
    const stops: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      await userEvent.tab();
      let focused = document.activeElement;
      while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
      stops.push(focused?.getAttribute('title') ?? focused?.id ?? '');
      if (focused?.id === 'go') await userEvent.keyboard(' ');
    }
    expect(stops).toEqual(['Fold the panel', expect.any(String), 'threshold', 'go', '']);
    await eventually(() => expect(page.regions.size).toBe(3));
    await button('Fold the panel').click();
    await expect.element(slider()).not.toBeVisible();
  });
});

describe('with the real detector and the real storage', () => {
  let database: Database;
  beforeEach(async () => {
    database = await openDatabase({ name: `panel ${crypto.randomUUID()}` });
  });
  afterEach(() => database.close());

  test('boxes of an image are found once, and are there again after a reload', async () => {
    let images = 0;
    const canvas = new OffscreenCanvas(96, 64);
    const context = canvas.getContext('2d');
    context?.fillRect(20, 10, 40, 30);
    page.fetchImage = () => {
      images += 1;
      return canvas.convertToBlob({ type: 'image/png' });
    };
    const make = () =>
      new PanelState({
        page,
        engine: new PanelEngine(
          () =>
            Promise.resolve({
              models: [{ ...listed('tiny-1'), manifest: tinyManifest }],
              problems: [],
            }),
          (model, options) =>
            createWorkerEngine({
              manifest: model.manifest,
              model: tinyModelUrl,
              backends: ['wasm'],
              ...options,
            }),
        ),
        keep: () => Promise.resolve({ results: resultStore(database), settings: settingsStore(database) }),
      });
    const label = tinyManifest.classes[0] ?? '';
    const labelConfig = `<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="${label}"/></RectangleLabels></View>`;
    panel = make();
    await panel.start();
    panel.setThreshold(0.05);
    page.open(7, { labelConfig });
    await panel.preLabel();
    expect(panel.work?.problem).toBeNull();
    expect(panel.work?.findings?.ms).toBeGreaterThan(0);
    const first = [...page.regions.values()];
    expect(first).not.toHaveLength(0);
    panel = make();
    await panel.start();
    page.open(7, { labelConfig });
    panel.setThreshold(0.05);
    await panel.preLabel();
    expect([...page.regions.values()]).toEqual(first);
    expect(panel.work?.findings?.ms).toBeNull();
    expect(images).toBe(1);
  });
});
