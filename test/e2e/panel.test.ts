/**
 * The panel in a real Label Studio: from a click on the bookmark to boxes that were submitted and are read back over the
 * API. The browser knows Forelabel and Label Studio as two sites, as they mostly are.
 *
 * SCREENSHOTS=docs/images takes the user guide's pictures anew.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { regionToBox } from '../../src/labelstudio/regions.ts';
import { projectWithImages, type ProjectWithTasks } from '../support/annotatedProject.ts';
import { chromiumFlagsWithoutGpu, chromiumPath } from '../support/chromium.ts';
import { startForelabel, type ForelabelServer } from '../support/forelabelServer.ts';
import { logInToPage } from '../support/labelStudioPage.ts';
import { LabelStudioPanel, type SavedRegion } from '../support/labelStudioPanel.ts';
import { startLabelStudio, type LabelStudioServer } from '../support/labelStudioServer.ts';
import { iou, readSamples, sampleBytes, type Sample } from '../support/samples.ts';

const files = ['friends.jpg', 'rotated.jpg', 'family.jpg', 'portrait.jpg'];
let labelStudio: LabelStudioServer;
let forelabel: ForelabelServer;
/** Forelabel under a name of another site than Label Studio's. */
let app: string;
let browser: Browser;
let context: BrowserContext;
let tab: LabelStudioPanel;
let project: ProjectWithTasks;
let samples: readonly Sample[];
let hostile: Server;
/** What the bookmark holds, as the app's page offers it. */
let bookmark = '';

beforeAll(async () => {
  [labelStudio, forelabel] = await Promise.all([startLabelStudio(), startForelabel()]);
  app = `http://localhost:${forelabel.port}`;
  const all = await readSamples();
  samples = files.flatMap((file) => all.filter((sample) => sample.file === file));
  const images = await Promise.all(
    samples.map(async (sample) => ({
      ...{ name: sample.file, data: await sampleBytes(sample.file) },
      ...{ width: sample.width, height: sample.height, boxes: [] },
    })),
  );
  project = await projectWithImages(labelStudio, 'Faces', ['Face', 'Dog'], images);
  hostile = createServer((_, answer) => {
    answer.setHeader('content-type', 'text/html');
    answer.end(`<iframe src="${app}/panel.html"></iframe><script>
      onload = () => {
        const channel = new MessageChannel();
        channel.port1.onmessage = ({ data }) => (window.heard = data);
        frames[0].postMessage({ type: 'forelabel-hello', version: 1 }, '*', [channel.port2]);
        window.greeted = true;
      };
    </script>`);
  });
  await new Promise<void>((resolve) => hostile.listen(0, resolve));
  browser = await chromium.launch({ executablePath: chromiumPath(), args: [...chromiumFlagsWithoutGpu] });
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  tab = new LabelStudioPanel(await context.newPage(), labelStudio.url, project.id);
  await logInToPage(tab.page, labelStudio.url);
});
afterAll(async () => {
  await browser.close();
  hostile.close();
  await forelabel.stop();
  await labelStudio.stop();
});

const taskAt = (index: number): number => project.tasks[index] ?? 0;
function sampleAt(index: number): Sample {
  const sample = samples[index];
  if (sample === undefined) throw new Error(`There is no sample ${index}.`);
  return sample;
}

async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`) });
}

const annotationsSchema = v.array(v.object({ result: v.array(v.any()) }));
async function submitted(index: number): Promise<readonly SavedRegion[]> {
  const answer = await labelStudio.admin(`/api/tasks/${taskAt(index)}/annotations/`);
  return v.parse(annotationsSchema, await answer.json()).flatMap(({ result }) => result as SavedRegion[]);
}
function expectFaces(results: readonly SavedRegion[], { boxes, width, height }: Sample): void {
  expect(results).toHaveLength(boxes.length);
  for (const truth of boxes) {
    const overlaps = results.map((result) => {
      const { x1, y1, x2, y2 } = regionToBox(result);
      return iou([x1, y1, x2, y2], truth);
    });
    expect(Math.max(...overlaps)).toBeGreaterThan(0.5);
  }
  for (const result of results) {
    expect(result).toMatchObject({ original_width: width, original_height: height });
    expect(result.value.rectanglelabels).toEqual(['Face']);
    expect(result.score).toBeGreaterThan(0.3);
  }
}

describe('before it is allowed', () => {
  it('no page shows the panel, and Label Studio’s says what to do', async () => {
    const { page } = tab;
    await page.goto(`${app}/#/label-studio`);
    const link = page.locator('a.bookmark');
    bookmark = (await link.getAttribute('href')) ?? '';
    expect(bookmark).toMatch(/^javascript:/u);
    await picture(page, 'in-label-studio');
    await tab.open(taskAt(0));
    await tab.press(bookmark);
    const allow = page.getByRole('link', { name: 'Allow this Label Studio' });
    await allow.waitFor();
    const [asked] = await Promise.all([context.waitForEvent('page'), allow.click()]);
    await asked
      .getByRole('heading', { name: `Allow ${labelStudio.url} to show Forelabel’s panel?` })
      .waitFor();
    await asked.getByTestId('allow-question').getByRole('button', { name: 'Allow' }).click();
    await asked.getByTestId('allowed').waitFor();
    await asked.close();
    // Pressed once more, as the page says.
    await tab.press(bookmark);
    await tab.button.waitFor();
    expect(await page.locator('#forelabel-panel').count()).toBe(1);
  });

  it('a page of another origin gets neither the panel nor an answer', async () => {
    const other = await context.newPage();
    const { port } = hostile.address() as AddressInfo;
    await other.goto(`http://localhost:${port}/`);
    await other.waitForFunction(() => (window as { greeted?: boolean }).greeted);
    await other.waitForTimeout(700);
    expect(await other.evaluate(() => (window as { heard?: unknown }).heard)).toBeUndefined();
    expect(other.frames().map((frame) => frame.url())).not.toContain(`${app}/panel.html`);
    await other.close();
  });

  it('where scripts are blocked, the bookmark says so itself', async () => {
    const other = await context.newPage();
    await other.route('**/blocked', (route) =>
      route.fulfill({
        contentType: 'text/html',
        headers: { 'content-security-policy': "script-src 'self'" },
        body: '<title>Blocked</title>',
      }),
    );
    await other.goto(`${labelStudio.url}/blocked`);
    const said = other.waitForEvent('dialog');
    await new LabelStudioPanel(other, labelStudio.url, project.id).press(bookmark);
    const dialog = await said;
    expect(dialog.message()).toContain(app);
    await dialog.accept();
    await other.close();
  });
});

describe('in a task', () => {
  it('boxes come with one press, follow the slider, go with one undo, and are submitted as they are', async () => {
    const { page, threshold } = tab;
    await tab.button.click();
    await tab.says('3 boxes added');
    expectFaces(await tab.regions(), sampleAt(0));
    await threshold.fill('1');
    await tab.hasRegions(0);
    await threshold.fill('0.3');
    await tab.hasRegions(3);
    await picture(page, 'panel');

    // Label Studio's keys are its own again as soon as the pointer is in its page.
    await page.mouse.move(600, 750);
    await page.waitForTimeout(800);
    await tab.button.click();
    await threshold.fill('1');
    await tab.hasRegions(0);
    await page.mouse.move(600, 740);
    await page.keyboard.press('Control+z');
    await tab.hasRegions(3);
    await page.keyboard.press('Control+Shift+z');
    await tab.hasRegions(0);
    await page.keyboard.press('Control+z');
    await tab.hasRegions(3);
    await threshold.fill('0.3');

    const { violations, passes } = await new AxeBuilder({ page }).analyze();
    const inPanel = (found: typeof passes) =>
      found.flatMap(({ id, impact, nodes }) =>
        nodes.flatMap(({ target, html }) =>
          JSON.stringify(target).includes('forelabel-panel') ? [`${impact ?? ''} ${id}: ${html}`] : [],
        ),
      );
    expect(inPanel(passes).length).toBeGreaterThan(10);
    expect(inPanel(violations)).toEqual([]);

    await page.getByRole('button', { name: 'Submit current annotation' }).click();
    await expect.poll(async () => (await submitted(0)).length, { timeout: 20_000 }).toBe(3);
    expectFaces(await submitted(0), sampleAt(0));
  });
});
