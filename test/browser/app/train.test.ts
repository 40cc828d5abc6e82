import { ContextProvider } from '@lit/context';
import { LitElement, html } from 'lit';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { render } from 'vitest-browser-lit';
import { Reach } from '../../../src/app/offline/reach.ts';
import { AppState } from '../../../src/app/state/appState.ts';
import type { Services } from '../../../src/app/state/services.ts';
import { appContext } from '../../../src/app/state/context.ts';
import type { ListedModel } from '../../../src/engine/client/modelList.ts';
import { registerIcons } from '../../../src/ui/icons.ts';
import '../../../src/ui/theme.css';
import '../../../src/app/elements/new-model-banner.ts';
import '../../../src/app/pages/train-page.ts';
import type { LabelStudio, Project } from '../../../src/labelstudio/types.ts';
import { memoryStore } from '../../../src/prelabel/memoryStore.ts';
import type { LossPoint } from '../../../src/training/events.ts';
import { tinyManifest } from '../../support/tinyModelBrowser.ts';
import { FakeRelay, aJob, doneJob, url } from './fakeRelay.ts';

const project: Project = {
  id: 3,
  title: 'Blood cells',
  taskCount: 205,
  labelConfig:
    '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">' +
    '<Label value="thing"/></RectangleLabels></View>',
  modelVersion: null,
};

const listed = (version: string): ListedModel => ({
  name: 'cells',
  version,
  origin: 'own',
  url: `/models/${version}/`,
  manifest: tinyManifest,
});

/** A Label Studio that counts. */
function labelStudio(annotated: number): LabelStudio {
  const never = (): never => {
    throw new Error('not part of this test');
  };
  return {
    connect: () => Promise.resolve({ url, version: '1.23.2', user: 'ada' }),
    listProjects: () => Promise.resolve([project]),
    getProject: never,
    countTasks: () => Promise.resolve(205),
    countAnnotated: () => Promise.resolve(annotated),
    tasks: never,
    annotatedTasks: never,
    fetchImage: never,
    fetchImageVersion: never,
    havePrediction: never,
    postPredictions: never,
    showModelVersion: never,
    listViews: never,
    modelVersions: never,
    deleteVersion: never,
    useToken: never,
  };
}

class TrainSurroundings extends LitElement {
  app: AppState | null = null;
  readonly #provider = new ContextProvider(this, { context: appContext });

  protected override render() {
    if (this.app === null) return html``;
    this.#provider.setValue(this.app);
    return html`<fl-new-model-banner></fl-new-model-banner><fl-train-page></fl-train-page>`;
  }
}
customElements.define('train-surroundings', TrainSurroundings);

let relay: FakeRelay;

/** The page on the Train step, with the project open. */
async function open({ annotated = 164, place = '#/train' } = {}) {
  location.hash = place;
  const services: Services = {
    loadEngine: () => new Promise(() => undefined),
    createLabelStudio: () => labelStudio(annotated),
    relay,
    credentials: {
      recall: () => Promise.resolve({ url, token: 'a-token', remembered: false }),
      hold: () => undefined,
      remember: () => Promise.resolve(),
      forget: () => Promise.resolve(),
    },
    keep: () =>
      Promise.resolve({
        results: memoryStore(),
        settings: { read: (setting) => Promise.resolve(setting.initial), write: () => Promise.resolve() },
      }),
    listSamples: () => Promise.reject(new Error('not part of this test')),
    reach: new Reach(),
    exportEverything: () => Promise.resolve(),
    restoreEverything: () => Promise.resolve({ results: 0, older: 0, runs: 0, settings: 0 }),
    copies: () => Promise.reject(new Error('not part of this test')),
    folders: () => Promise.reject(new Error('not part of this test')),
    deleteEverything: () => Promise.resolve(),
  };
  const app = new AppState(services);
  app.route.place = { step: 'train', item: /\/train\/(.+)$/u.exec(place)?.[1] ?? null };
  await app.connection.resume();
  app.chooseProject(project);
  await app.training.start();
  const screen = render(html`<train-surroundings .app=${app}></train-surroundings>`);
  return { app, screen };
}

const asked = (what: string): unknown[] =>
  relay.asked.filter((call) => Array.isArray(call) && call[0] === what).map((call) => (call as unknown[])[1]);

const point = (iteration: number, loss: number): LossPoint => ({
  type: 'loss',
  epoch: 3,
  epochs: 5,
  iteration,
  iterations: 50,
  loss,
  losses: { cls: loss / 2, bbox: loss / 2 },
  lr: 0.001,
  secondsLeft: 10,
});

beforeEach(() => {
  registerIcons();
  localStorage.clear();
  relay = new FakeRelay();
});

describe('starting', () => {
  test('hands the token over once, starts, and opens the training', async () => {
    const { screen } = await open();
    await expect
      .element(screen.getByText('Forelabel on this machine keeps the token, in a file only you can read.'))
      .toBeVisible();
    await screen.getByRole('radio', { name: /Thorough/u }).click();
    await screen.getByLabelText('Name of the new model').fill('cells');
    await screen.getByRole('button', { name: 'Train on 164 annotated tasks' }).click();
    await expect.element(screen.getByRole('heading', { name: 'Training epoch 3 of 5' })).toBeVisible();
    expect(location.hash).toBe(`#/train/${aJob.id}`);
    expect(asked('handOver')).toEqual([{ url, token: 'a-token' }]);
    expect(asked('start')).toEqual([{ project: 3, preset: 'thorough', name: 'cells' }]);
    await expect.element(screen.getByText('30 of 50 steps · 2/s · 10 s left')).toBeVisible();
  });

  test('says what the relay refuses it with, and hands no token over twice', async () => {
    relay.hasToken = true;
    relay.refusal = 'Only 1 task has a box. Draw boxes on one more, then train again.';
    const { screen } = await open();
    await screen.getByRole('button', { name: 'Train on 164 annotated tasks' }).click();
    await expect.element(screen.getByRole('alert')).toHaveTextContent(relay.refusal);
    expect(asked('handOver')).toEqual([]);
  });

  test('with fewer than 2 annotated tasks, says so before anything is asked', async () => {
    const { screen } = await open({ annotated: 1 });
    await expect.element(screen.getByText(/Only 1 task of this project is annotated/u)).toBeVisible();
    await expect.element(screen.getByRole('button', { name: 'Train', exact: true })).toBeDisabled();
    expect(relay.asked).toEqual([]);
  });

  test('a name or a number of epochs that cannot be is said beside its field', async () => {
    const { screen } = await open();
    await screen.getByLabelText('Name of the new model').fill('../up');
    await expect.element(screen.getByText(/Letters, digits, dots/u)).toBeVisible();
    await screen.getByLabelText('Name of the new model').fill('cells');
    await screen.getByRole('spinbutton', { name: 'Epochs' }).fill('2.5');
    await expect.element(screen.getByText('A whole number from 1 to 1,000.')).toBeVisible();
    await expect.element(screen.getByRole('button', { name: /Train on/u })).toBeDisabled();
  });

  test('a project under training is not trained twice', async () => {
    relay.list = [aJob];
    const { screen } = await open();
    await expect.element(screen.getByText(/This project is being trained already/u)).toBeVisible();
    await expect.element(screen.getByRole('button', { name: /Train on/u })).toBeDisabled();
  });

  test('without a relay that trains, says what is needed', async () => {
    relay.present = false;
    const { screen } = await open();
    await expect.element(screen.getByText('npx forelabel serve')).toBeVisible();
  });
});

describe('a running training', () => {
  test('draws what comes, each step once, and follows the log once it is unfolded', async () => {
    relay.list = [aJob];
    const { app, screen } = await open({ place: `#/train/${aJob.id}` });
    await expect.element(screen.getByRole('img', { name: /^Loss: Comes with/u })).toBeVisible();
    const before = screen.getByRole('img', { name: /^Loss/u }).element().getBoundingClientRect();
    for (const [step, loss] of [
      [10, 2],
      [20, 1.5],
      // A resumed training goes over a step again.
      [20, 1.4],
      [30, 1],
    ] as const) {
      relay.tellEvent(point(step, loss));
    }
    relay.tellEvent({ type: 'evaluated', of: 'epoch', epoch: 1, metrics: { AP: 0.1, AP50: 0.4 } });
    await expect
      .element(
        screen.getByRole('img', {
          name: 'Loss up to step 30: all from 2.00 to 1.00, between 1.00 and 2.00; classes from 1.00 to 0.50, between 0.50 and 1.00; boxes from 1.00 to 0.50, between 0.50 and 1.00.',
        }),
      )
      .toBeVisible();
    await expect
      .element(screen.getByRole('img', { name: 'Average precision up to epoch 1: AP50 0.40; AP 0.10.' }))
      .toBeVisible();
    expect(app.training.watch?.losses.map(({ iteration, loss }) => [iteration, loss])).toEqual([
      [10, 2],
      [20, 1.4],
      [30, 1],
    ]);
    // Its room was there before.
    const after = screen.getByRole('img', { name: /^Loss/u }).element().getBoundingClientRect();
    expect([after.y, after.height]).toEqual([before.y, before.height]);
    await screen.getByText('Log', { exact: true }).click();
    await expect.element(screen.getByText('a line of the log')).toBeVisible();
    relay.logText += 'another line\n';
    await expect.element(screen.getByText(/another line/u)).toBeVisible();
  });

  test('is cancelled only after it was asked', async () => {
    relay.list = [aJob];
    const { screen } = await open({ place: `#/train/${aJob.id}` });
    await screen.getByRole('button', { name: 'Cancel', exact: true }).click();
    await screen.getByRole('button', { name: 'Go on training' }).click();
    expect(asked('cancel')).toEqual([]);
    await screen.getByRole('button', { name: 'Cancel', exact: true }).click();
    await screen.getByRole('button', { name: 'Cancel the training' }).click();
    await expect.element(screen.getByRole('heading', { name: 'Cancelled' })).toBeVisible();
    expect(asked('cancel')).toEqual([aJob.id]);
  });

  test('shows its installation as a stage', async () => {
    const progress = {
      step: 'Installing PyTorch for CPU (about 200 MB)',
      done: 1,
      total: 4,
      secondsLeft: null,
    };
    relay.list = [{ ...aJob, progress }];
    const { screen } = await open({ place: `#/train/${aJob.id}` });
    await expect.element(screen.getByRole('heading', { name: progress.step })).toBeVisible();
    await expect.element(screen.getByRole('listitem').filter({ hasText: 'Install' })).toBeVisible();
  });
});

describe('its end', () => {
  test('puts old and new side by side, with the sign of what changed', async () => {
    relay.list = [aJob];
    const { screen } = await open({ place: `#/train/${aJob.id}` });
    relay.tellJob(doneJob);
    const row = (name: string) => screen.getByRole('row', { name });
    await expect.element(row('AP50')).toHaveTextContent(/0\.45\s*0\.78\s*\+0\.33/u);
    await expect.element(row('Large')).toHaveTextContent(/0\.30\s*0\.25\s*−0\.05/u);
    expect(screen.container.textContent).not.toContain('Small');
  });

  test('a failure has its cause and can be resumed', async () => {
    const message = 'The disk is full. Make room, then resume it.';
    relay.list = [{ ...aJob, state: 'failed', error: { code: 'disk-full', message } }];
    const { screen } = await open({ place: `#/train/${aJob.id}` });
    await expect.element(screen.getByText(message)).toBeVisible();
    await screen.getByRole('button', { name: 'Resume' }).click();
    await expect.element(screen.getByRole('heading', { name: 'Waiting for its turn' })).toBeVisible();
    expect(asked('resume')).toEqual([aJob.id]);
  });

  test('its line in the list says what it gained', async () => {
    relay.list = [doneJob];
    const { screen } = await open();
    const line = screen.getByRole('link', { name: /cells-1a2b3c4d/u });
    await expect.element(line).toHaveTextContent(/AP50 0\.45 → 0\.78/u);
    await expect.element(line).toHaveAttribute('href', `#/train/${aJob.id}`);
  });
});

describe('a new model', () => {
  /** Answers the list of models that the page reads anew. */
  async function withModels<T>(work: () => Promise<T>): Promise<T> {
    const models = vi
      .spyOn(window, 'fetch')
      .mockImplementation(() =>
        Promise.resolve(Response.json({ models: [listed('cells-1a2b3c4d')], problems: [] })),
      );
    try {
      return await work();
    } finally {
      models.mockRestore();
    }
  }

  test('is offered with its gain, and taken when that is wanted', async () => {
    const { app, screen } = await open();
    relay.tellJob(doneJob);
    relay.tellModel('cells-1a2b3c4d', false);
    await expect
      .element(screen.getByText('New model cells-1a2b3c4d is ready: AP50 0.45 → 0.78.'))
      .toBeVisible();
    expect(app.engine.model).toBeNull();
    await withModels(async () => {
      await screen.getByRole('button', { name: 'Use it' }).click();
      await expect.element(screen.getByText(/Now using the new model/u)).toBeVisible();
    });
    expect(app.engine.model?.version).toBe('cells-1a2b3c4d');
  });

  test('is taken without asking where the project is set so', async () => {
    const { app, screen } = await open();
    relay.tellJob(doneJob);
    await withModels(async () => {
      relay.tellModel('cells-1a2b3c4d', true);
      await expect.element(screen.getByText(/Now using the new model/u)).toBeVisible();
    });
    expect(app.engine.model?.version).toBe('cells-1a2b3c4d');
  });

  test('of another project, or of another Label Studio, is not offered', async () => {
    const { app, screen } = await open();
    relay.tellModel('signs-1a2b3c4d', false, 4);
    relay.tellJob({ ...doneJob, labelStudio: 'http://elsewhere.test' });
    relay.tellModel('cells-1a2b3c4d', true);
    expect(app.newModel.offer).toBeNull();
    expect(screen.container.textContent).not.toContain('New model ');
  });

  test('can be put away', async () => {
    const { screen } = await open();
    relay.tellModel('cells-1a2b3c4d', false);
    await screen.getByRole('button', { name: 'Not now' }).click();
    await expect.element(screen.getByText(/is ready/u)).not.toBeInTheDocument();
  });
});

describe('settings and Label Studio’s own buttons', () => {
  test('keeps each change at once', async () => {
    const { screen } = await open();
    await screen.getByLabelText('Train after new annotations').click();
    await expect.element(screen.getByText('12 of 50 so far')).toBeVisible();
    await screen.getByLabelText('Take new models without asking').click();
    await screen.getByLabelText('Threshold for Label Studio’s own buttons').fill('0.5');
    await expect
      .poll(() => relay.settingsNow)
      .toMatchObject({ trainEvery: 50, takeNewModel: true, threshold: 0.5 });
  });

  test('connects, and shows the two settings to copy where Label Studio refuses', async () => {
    relay.backendNow = {
      state: 'blocked',
      url: 'http://127.0.0.1:9090',
      message:
        'Label Studio refuses it. Restart Label Studio with ML_BLOCK_LOCAL_IP=false and SSRF_PROTECTION_ENABLED=false, and connect again.',
    };
    const { screen } = await open();
    await expect.element(screen.getByText('Not connected')).toBeVisible();
    await screen.getByRole('button', { name: 'Connect' }).click();
    await expect.element(screen.getByText('Label Studio refuses this address')).toBeVisible();
    const settings = screen.getByRole('list', { name: 'Settings of Label Studio' });
    await expect
      .element(settings)
      .toHaveTextContent(/ML_BLOCK_LOCAL_IP=false\s*SSRF_PROTECTION_ENABLED=false/u);
    relay.backendNow = { state: 'connected', url: 'http://127.0.0.1:9090', message: null };
    await screen.getByRole('button', { name: 'Try again' }).click();
    await expect.element(screen.getByText('Connected', { exact: true })).toBeVisible();
    expect(asked('handOver')).toHaveLength(1);
  });
});
