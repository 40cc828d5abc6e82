/** What the user reads when an engine has given way to another one: real engines, made to fail in their workers. */
import { ContextProvider } from '@lit/context';
import { html, LitElement } from 'lit';
import { afterEach, expect, test, vi } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-lit';
import type { AppState } from '../../../src/app/state/appState.ts';
import { appContext } from '../../../src/app/state/context.ts';
import { EngineState } from '../../../src/app/state/engineState.ts';
import { RunState } from '../../../src/app/state/runState.ts';
import '../../../src/app/elements/engine-pill.ts';
import { createEngine } from '../../../src/engine/client/createEngine.ts';
import type { EngineChoice } from '../../../src/engine/client/engineChoice.ts';
import type { ListedModel } from '../../../src/engine/client/modelList.ts';
import type { Engine } from '../../../src/engine/types.ts';
import { faultySpawn, type FaultySpawn } from '../../support/tinyModelEngine.ts';
import { tinyManifest, tinyModelUrl } from '../../support/tinyModelBrowser.ts';
import { drawPng } from '../../support/tinyModelImages.ts';

/** An emulated GPU compiles its shaders on a CPU that may be busy. */
vi.setConfig({ testTimeout: 240_000 });

const model: ListedModel = {
  ...{ name: 'tiny-model', version: 'tiny-model-00000000', origin: 'bundled', url: '/models/tiny-model/' },
  manifest: tinyManifest,
};

class AroundThePill extends LitElement {
  engine: EngineState | null = null;
  readonly #provider = new ContextProvider(this, { context: appContext });

  protected override render() {
    if (this.engine === null) return html``;
    // All that the pill reads of the state.
    this.#provider.setValue({ engine: this.engine, run: new RunState() } as unknown as AppState);
    return html`<fl-engine-pill></fl-engine-pill>`;
  }
}
customElements.define('test-around-the-pill', AroundThePill);

let engine: Engine | undefined;
afterEach(async () => {
  await engine?.dispose();
  localStorage.clear();
});

async function show(choice: EngineChoice, { spawn }: FaultySpawn): Promise<Engine> {
  const state = new EngineState((_model, options) =>
    createEngine({
      ...{ ...options, choice, onProgress: () => undefined, backends: ['webgpu', 'wasm'] },
      ...{ manifest: tinyManifest, model: tinyModelUrl, allowSoftwareGpu: true, spawn },
      limits: { leastMs: 1500, loadMs: 120_000 },
    }),
  );
  render(html`<test-around-the-pill .engine=${state}></test-around-the-pill>`);
  state.choose(model);
  engine = await state.ready();
  return engine;
}

const pill = () => page.getByTestId('engine');
const said = (words: string) => expect.element(page.getByText(words).first()).toBeVisible();

test('WebGPU gives nothing but zeros: the CPU is used, and the pill says why', async () => {
  await show('webgpu', faultySpawn({ zeros: 'webgpu' }));
  await expect.element(pill()).toHaveTextContent('wasm');
  await pill().click();
  await said('WebGPU was chosen, but is not used: the model gave wrong numbers in its self-test');
  await said('is all zeros: the engine computed nothing');
});

test('the CPU does not answer in the middle of a run: WebGPU is used, and the pill says why', async () => {
  const workers = faultySpawn({ at: { 1: 'hang' } }, { at: { 0: 'hang' } });
  const running = await show('wasm', workers);
  await expect.element(pill()).toHaveTextContent('wasm');
  const image = await drawPng(150, 90);
  const before = await running.detect(image);
  const after = await running.detect(image);
  expect(workers.count).toBe(3);
  expect(after.detections.length).toBe(before.detections.length);
  await expect.element(pill()).toHaveTextContent('WebGPU');
  await pill().click();
  await said('The CPU (wasm) was chosen, but is not used: the detector did not answer in time (2 s).');
});
