/**
 * Whom the panel answers, and what is said where it cannot come: pages of other origins, a list that the user changes, a Label
 * Studio that enforces its policy, the user script.
 *
 * SCREENSHOTS=docs/images takes the user guide's picture of the question anew.
 */
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { chromiumFlagsWithoutGpu, chromiumPath } from '../support/chromium.ts';
import { startForelabel, type ForelabelServer } from '../support/forelabelServer.ts';
import { startHeaderProxy, type HeaderProxy } from '../support/headerProxy.ts';
import { logInToPage } from '../support/labelStudioPage.ts';
import { LabelStudioPanel } from '../support/labelStudioPanel.ts';
import { startLabelStudio, type LabelStudioServer } from '../support/labelStudioServer.ts';
import { PanelStage, startStage, type StageServer } from '../support/panelStage.ts';
import { sampleBytes } from '../support/samples.ts';

const labelConfig =
  '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">' +
  '<Label value="Face"/></RectangleLabels></View>';

let labelStudio: LabelStudioServer;
let forelabel: ForelabelServer;
/** Forelabel under a name of another site than Label Studio's. */
let app: string;
/** Forelabel as if a browser knew no `frame-ancestors`. */
let unguarded: HeaderProxy;
let unguardedPanel: string;
let friend: StageServer;
let stranger: StageServer;
let browser: Browser;
let context: BrowserContext;
let project = 0;
let task = 0;
let bookmark = '';
/** Of all pages of the browser. */
const pageErrors: string[] = [];

beforeAll(async () => {
  [labelStudio, forelabel, friend, stranger] = await Promise.all([
    startLabelStudio(),
    startForelabel(),
    startStage(),
    startStage(),
  ]);
  app = `http://localhost:${forelabel.port}`;
  unguarded = await startHeaderProxy(forelabel.url, (headers) =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'content-security-policy')),
  );
  unguardedPanel = `http://localhost:${unguarded.port}/panel.html`;
  project = await labelStudio.createProject({ title: 'Faces', labelConfig });
  const image = { name: 'friends.jpg', data: await sampleBytes('friends.jpg') };
  [task = 0] = await labelStudio.importImageFiles(project, [image]);
  browser = await chromium.launch({ executablePath: chromiumPath(), args: [...chromiumFlagsWithoutGpu] });
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
  context.setDefaultTimeout(60_000);
  context.on('weberror', (error) => pageErrors.push(error.error().message));
  const page = await context.newPage();
  await logInToPage(page, labelStudio.url);
  await page.goto(`${app}/#/label-studio`);
  bookmark = (await page.locator('a.bookmark').getAttribute('href')) ?? '';
  await page.close();
  await allow(friend.origin);
});
afterAll(async () => {
  await browser.close();
  for (const each of [unguarded, friend, stranger]) each.stop();
  await forelabel.stop();
  await labelStudio.stop();
});

const ask = (origin: string) => `${app}/#/label-studio?allow=${encodeURIComponent(origin)}`;
async function allow(origin: string): Promise<void> {
  const page = await context.newPage();
  await page.goto(ask(origin));
  await page.getByTestId('allow-question').getByRole('button', { name: 'Allow' }).click();
  await page.getByTestId('allowed').waitFor();
  await page.close();
}
/** Presses it as a person does: the page's policy has no say in that. */
async function press(page: Page): Promise<void> {
  await page.bringToFront();
  const session = await page.context().newCDPSession(page);
  await session.send('Page.navigate', { url: bookmark });
  await session.detach();
}
const violationsOf = async (axe: AxeBuilder) =>
  (await axe.analyze()).violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`,
  );

describe('a page of another origin', () => {
  it('is not shown the panel, and hears nothing', async () => {
    const stage = new PanelStage(await context.newPage());
    await stage.open(stranger.origin, `${app}/panel.html`);
    await stage.page.waitForTimeout(500);
    expect(await stage.heard()).toEqual([]);
    expect(stage.page.frames().map((frame) => frame.url())).not.toContain(`${app}/panel.html`);
    await stage.page.close();
  });

  it('hears nothing either where the browser shows it the panel: the greeting is refused', async () => {
    const stage = new PanelStage(await context.newPage());
    const checked = stage.page.waitForResponse((answer) => answer.url().endsWith('/api/panel/origins'));
    await stage.open(stranger.origin, unguardedPanel);
    expect((await checked).status()).toBe(200);
    expect(stage.page.frames().map((frame) => frame.url())).toContain(unguardedPanel);
    await stage.page.waitForTimeout(500);
    // Nor does it believe what it is told without having answered.
    await stage.say({ type: 'ready' });
    await stage.say({ type: 'pressed' });
    await stage.page.waitForTimeout(200);
    expect(await stage.heard()).toEqual([]);
    expect(await stage.panel.locator('fl-panel').count()).toBe(0);
    await stage.page.close();

    const allowed = new PanelStage(await context.newPage());
    await allowed.open(friend.origin, unguardedPanel);
    await expect.poll(() => allowed.heard(), { timeout: 20_000 }).toContain('ready');
    await allowed.page.close();
  });

  it('hears nothing from a window of the panel that it has opened itself', async () => {
    const { page } = new PanelStage(await context.newPage());
    await page.goto(stranger.origin);
    const [popup] = await Promise.all([
      context.waitForEvent('page'),
      page.evaluate((address) => {
        Object.assign(window, { popup: window.open(address) });
      }, `${app}/panel.html`),
    ]);
    await popup.getByText('Open it there, with the bookmark.').waitFor();
    const heard = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const channel = new MessageChannel();
          channel.port1.onmessage = ({ data }) => resolve(data);
          const { popup: opened } = window as unknown as { popup: Window };
          opened.postMessage({ type: 'forelabel-hello', version: 1 }, '*', [channel.port2]);
          setTimeout(() => resolve('nothing'), 700);
        }),
    );
    expect(heard).toBe('nothing');
    await popup.close();
    await page.close();
  });
});

const openTask = () => ({
  ...{ id: 7, project: 3, url: 'http://127.0.0.1:8080', labelConfig, annotation: '1', boxes: 0, ours: [] },
});
const view = (more: Record<string, unknown>) => ({
  type: 'view',
  view: { kind: 'task', task: { ...openTask(), ...more } },
});
const bomb =
  '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaaaaaaaa">' +
  Array.from(
    'bcdefghij',
    (name, at) => `<!ENTITY ${name} "${`&${'abcdefghi'[at] ?? ''};`.repeat(16)}">`,
  ).join('') +
  ']><View><Image name="image" value="$image"/><Label value="&j;"/></View>';

describe('an allowed page', () => {
  it('can say what it likes: what is malformed is not heard, and the panel goes on', async () => {
    const stage = new PanelStage(await context.newPage());
    await stage.open(friend.origin, `${app}/panel.html`);
    await expect.poll(() => stage.heard(), { timeout: 20_000 }).toContain('ready');
    pageErrors.length = 0;
    const button = stage.panel.getByRole('button', { name: /^Pre-label/u });
    for (const junk of [
      null,
      7,
      'ready',
      [],
      { type: 'eval', code: 'window.hacked = true' },
      { type: '__proto__' },
      { type: 'view' },
      { type: 'view', view: { kind: 'task' } },
      view({ id: 'seven' }),
      view({ ours: 'all' }),
      view({ labelConfig: 'x'.repeat(1_000_001) }),
      { type: 'theme', dark: 'yes' },
      { type: 'answer', id: 'one', value: 1 },
      { type: 'answer', id: 4711, value: { not: 'asked for' } },
      { type: 'failed', id: 1, message: 'x'.repeat(2001) },
      { type: 'forelabel-hello', version: 1 },
    ]) {
      await stage.say(junk);
    }
    await stage.say({
      type: 'view',
      view: { kind: 'none', message: '<img src=x onerror="hacked()"> stays text.' },
    });
    await stage.panel.getByText('<img src=x onerror="hacked()"> stays text.').waitFor();
    // Well formed, and meant badly.
    await stage.say(view({ labelConfig: bomb }));
    await stage.panel.getByText('<img').waitFor({ state: 'detached' });
    await stage.say(view({}));
    await button.waitFor();
    expect(pageErrors).toEqual([]);

    // While it is there: nothing serious in it, in Label Studio's two themes.
    await stage.panel.getByRole('button', { name: 'Options' }).click();
    for (const dark of [true, false]) {
      await stage.say({ type: 'theme', dark });
      await stage.panel.locator(`html.${dark ? 'wa-dark' : 'wa-light'}`).waitFor();
      // A frame that does not answer axe within a second is left out.
      const { violations, passes } = await vi.waitFor(
        async () => {
          const found = await new AxeBuilder({ page: stage.page }).analyze();
          expect(found.incomplete.map(({ id }) => id)).not.toContain('frame-tested');
          return found;
        },
        { timeout: 30_000, interval: 500 },
      );
      const inPanel = (found: typeof passes) =>
        found.flatMap(({ id, nodes }) =>
          nodes.flatMap((node) => (node.target.length > 1 ? [`${id}: ${node.html}`] : [])),
        );
      expect(inPanel(passes).length).toBeGreaterThan(10);
      expect(inPanel(violations)).toEqual([]);
    }
    await stage.page.close();
  });
});

describe('the list', () => {
  it('is asked for once, shown in the settings, and what is taken out of it stops at once', async () => {
    const page = await context.newPage();
    const origins = async () => {
      const answer = await context.request.get(`${forelabel.url}/api/panel/origins`);
      return ((await answer.json()) as { origins: { origin: string }[] }).origins.map(({ origin }) => origin);
    };
    await page.setViewportSize({ width: 1100, height: 640 });
    await page.goto(ask(labelStudio.url));
    await page.getByRole('heading', { name: `Allow ${labelStudio.url}` }).waitFor();
    if (process.env.SCREENSHOTS !== undefined) {
      await page.getByTestId('engine').filter({ hasNotText: 'Warming up' }).waitFor();
      await page.screenshot({
        path: join(process.env.SCREENSHOTS, 'allow.png'),
        clip: { x: 0, y: 0, width: 1100, height: 280 },
      });
    }
    expect(await violationsOf(new AxeBuilder({ page }))).toEqual([]);
    await page.getByRole('button', { name: 'Not now' }).click();
    await page.getByTestId('allow-question').waitFor({ state: 'detached' });
    expect(await origins()).toEqual([friend.origin]);

    const tab = new LabelStudioPanel(await context.newPage(), labelStudio.url, project);
    await tab.open(task);
    await press(tab.page);
    const asked = tab.page.getByRole('link', { name: 'Allow this Label Studio' });
    await asked.waitFor();
    for (const colorScheme of ['light', 'dark']) {
      await tab.page.evaluate((name) => (document.documentElement.dataset.colorScheme = name), colorScheme);
      await tab.page
        .locator(`#forelabel-panel .box${colorScheme === 'dark' ? '.dark' : ':not(.dark)'}`)
        .waitFor();
      expect(
        await violationsOf(
          new AxeBuilder({ page: tab.page }).include('#forelabel-panel').options({ iframes: false }),
        ),
      ).toEqual([]);
    }
    await allow(labelStudio.url);
    // Back in its tab, the panel comes by itself: who presses at that moment asks for it, and does not send it away. A
    // browser without a window tells no page that it is looked at.
    await tab.page.bringToFront();
    await tab.page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await tab.button.waitFor();
    await press(tab.page);
    await tab.page.waitForTimeout(1000);
    expect(await tab.button.isVisible()).toBe(true);
    await tab.open(task);
    await press(tab.page);
    await tab.button.waitFor();
    const stage = new PanelStage(await context.newPage());
    await stage.open(friend.origin, `${app}/panel.html`);
    await expect.poll(() => stage.heard(), { timeout: 20_000 }).toContain('ready');

    await page.bringToFront();
    const settings = page.locator('fl-settings-dialog');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.reload();
      await page.getByRole('button', { name: 'Settings' }).click();
      await settings.getByRole('button', { name: `Remove ${labelStudio.url}` }).waitFor();
      expect(await violationsOf(new AxeBuilder({ page }))).toEqual([]);
    }
    for (const origin of [labelStudio.url, friend.origin]) {
      await settings.getByRole('button', { name: `Remove ${origin}` }).click();
      await settings.getByText(origin).first().waitFor({ state: 'detached' });
    }
    await settings.getByText('None yet.').waitFor();
    expect(await origins()).toEqual([]);

    // Open panels go by themselves, and nothing is answered any more.
    await tab.page.bringToFront();
    await asked.waitFor();
    expect(tab.page.frames().map((frame) => frame.url())).not.toContain(`${app}/panel.html`);
    await stage.page.bringToFront();
    await expect.poll(() => stage.greeted(), { timeout: 20_000 }).toBe(2);
    const before = (await stage.heard()).length;
    await stage.say(view({}));
    await stage.page.waitForTimeout(500);
    expect((await stage.heard()).length).toBe(before);
    expect(await stage.panel.locator('fl-panel').count()).toBe(0);
    for (const each of [page, tab.page, stage.page]) await each.close();
  });
});

describe('a Label Studio that enforces a Content-Security-Policy', () => {
  /** The same Label Studio with its policy changed; logged in, with a task open. */
  async function enforced(policy: (own: string) => string): Promise<[LabelStudioPanel, () => Promise<void>]> {
    const reported = 'content-security-policy-report-only';
    const proxy = await startHeaderProxy(labelStudio.url, ({ [reported]: own, ...headers }) => ({
      ...headers,
      'content-security-policy': policy(String(own ?? '')),
    }));
    const url = `http://127.0.0.1:${proxy.port}`;
    const guarded = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const tab = new LabelStudioPanel(await guarded.newPage(), url, project);
    await logInToPage(tab.page, url);
    await tab.open(task);
    return [
      tab,
      async () => {
        await guarded.close();
        proxy.stop();
      },
    ];
  }

  it('of its own: the bookmark itself offers the address that serves the app beside it', async () => {
    const policies: string[] = [];
    const [tab, stop] = await enforced((own) => {
      policies.push(own);
      return own;
    });
    expect(policies.join()).toMatch(/script-src [^;]*'nonce-/u);
    const said = tab.page.waitForEvent('dialog');
    const opened = tab.page.context().waitForEvent('page');
    const pressed = press(tab.page);
    const dialog = await said;
    expect(dialog.type()).toBe('confirm');
    expect(dialog.message()).toMatch(/Content-Security-Policy.+ works in a window beside it/u);
    expect(dialog.message()).toContain(`${app}/#/label-studio`);
    await dialog.accept();
    await pressed;
    const beside = await opened;
    const advice = beside.locator('details').filter({ hasText: 'Label Studio blocks scripts' });
    await advice.locator('summary').click();
    await advice.getByText('run the project from here').waitFor();
    expect(await tab.page.locator('#forelabel-panel').count()).toBe(0);
    await stop();
  });

  it('that lets scripts in and no frames: the page says so, with a link to the app', async () => {
    const [tab, stop] = await enforced(() => "frame-src 'self'");
    await press(tab.page);
    await tab.page.getByText('lets no other page in (Content-Security-Policy)').waitFor();
    const link = tab.page.getByRole('link', { name: 'Open Forelabel' });
    expect(await link.getAttribute('href')).toBe(`${app}/`);
    await stop();
  });
});

describe('the user script', () => {
  it('starts the panel by itself where a task is open, and shows nothing elsewhere', async () => {
    await allow(labelStudio.url);
    const own = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      storageState: await context.storageState(),
    });
    const served = await own.request.get(`${app}/forelabel.user.js`);
    const script = await served.text();
    const match = /@match +\*:\/\/\*(\S+)\*$/mu.exec(script)?.[1];
    expect(match).toBe('/projects/');
    // As an extension does with `@run-at document-idle` and `@grant none`.
    await own.addInitScript({
      content: `addEventListener('load', () => {
        if (location.pathname.includes('/projects/')) setTimeout(() => {
          ${script}
        });
      });`,
    });
    const tab = new LabelStudioPanel(await own.newPage(), labelStudio.url, project);
    const { page } = tab;
    let panels = 0;
    page.on('request', (request) => (panels += request.url().endsWith('/panel.html') ? 1 : 0));
    const host = page.locator('#forelabel-panel');
    for (const path of ['/projects/', `/projects/${project}/data`]) {
      await page.goto(labelStudio.url + path);
      await host.waitFor({ state: 'attached' });
      await page.waitForTimeout(700);
      expect(await host.isVisible(), path).toBe(false);
      expect(panels, path).toBe(0);
    }
    await page.goto(`${labelStudio.url}/user/account`);
    await page.waitForTimeout(700);
    expect(await host.count()).toBe(0);

    // From the list of projects to a task, as a person goes.
    await page.goto(`${labelStudio.url}/projects/`);
    await page.getByText('Faces', { exact: true }).first().click();
    await tab.choose(0, task);
    await tab.button.waitFor();
    expect(panels).toBe(1);
    await tab.button.click();
    await tab.says('3 boxes added');
    await tab.hasRegions(3);
    // And at once where the page opens with a task.
    await tab.open(task);
    await tab.button.waitFor();
    await own.close();
  });
});
