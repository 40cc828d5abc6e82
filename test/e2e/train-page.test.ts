/** The Train step as a user works it: the built app in Chromium, a real Label Studio, a real training. */
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { annotate, projectWithImages } from '../support/annotatedProject.ts';
import { chromiumFlagsWithoutGpu, chromiumPath } from '../support/chromium.ts';
import { drawShapes, shapeNames } from '../support/drawnShapes.ts';
import { startForelabel, type ForelabelServer } from '../support/forelabelServer.ts';
import { startLabelStudio, type LabelStudioServer } from '../support/labelStudioServer.ts';

let labelStudio: LabelStudioServer;
let forelabel: ForelabelServer;
let browser: Browser;
let page: Page;
const foreign: string[] = [];

beforeAll(async () => {
  [labelStudio, forelabel, browser] = await Promise.all([
    startLabelStudio(),
    startForelabel(),
    chromium.launch({ executablePath: chromiumPath(), args: [...chromiumFlagsWithoutGpu] }),
  ]);
  const images = await Promise.all(Array.from({ length: 14 }, (_, index) => drawShapes(index)));
  const { tasks } = await projectWithImages(labelStudio, 'Shapes', shapeNames, images);
  for (const [index, task] of tasks.entries()) {
    const image = images[index];
    if (image) await annotate(labelStudio, task, image);
  }
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(30_000);
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.hostname !== '127.0.0.1') foreign.push(request.url());
  });
});
afterAll(async () => {
  await browser.close();
  await Promise.all([labelStudio.stop(), forelabel.stop()]);
});

describe('the Train step', () => {
  it('trains the chosen project, through a reload, and gives the new model', async () => {
    await page.goto(forelabel.url);
    await page.getByRole('button', { name: 'Connect Label Studio' }).click();
    await page.getByLabel('Address').fill(labelStudio.url);
    await page.getByLabel('Access token', { exact: true }).fill(labelStudio.pat);
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await page.getByRole('button', { name: /Shapes/u }).click();
    await page.waitForURL(/#\/model/u);
    await page.getByRole('link', { name: /Train/u }).click();
    await page.getByRole('spinbutton', { name: 'Epochs' }).fill('4');
    await page.getByRole('button', { name: 'Train on 14 annotated tasks' }).click();
    await page.waitForURL(/#\/train\/.+/u);
    await page.getByRole('heading', { name: 'Training of Shapes' }).waitFor();

    // The points so far are there again after the reload.
    await page.getByText('Loss', { exact: true }).waitFor({ timeout: 120_000 });
    await page.reload();
    await page.getByRole('heading', { name: 'Training of Shapes' }).waitFor();
    await page.getByText(/^boxes \d\.\d+/u).waitFor({ timeout: 60_000 });

    await page.getByRole('heading', { name: 'Old and new model' }).waitFor({ timeout: 240_000 });
    const use = page.getByRole('button', { name: 'Use this model' });
    await use.click();
    await page.getByRole('link', { name: /Model & labels/u }).click();
    await page
      .getByText(/shapes-[0-9a-f]{8}/u)
      .first()
      .waitFor({ timeout: 60_000 });
  }, 360_000);

  it('tells the token to nobody but Label Studio and the relay', () => {
    expect(foreign).toEqual([]);
    expect(forelabel.printed()).not.toContain(labelStudio.pat);
    expect(page.url()).not.toContain(labelStudio.pat);
  });
});
