/**
 * A project that was made available offline: Label Studio goes away, the tasks are pre-labelled all the same, and
 * the predictions go out by themselves when it is back.
 */
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as v from 'valibot';
import { doorTo, type Door } from '../support/awayServer.ts';
import { chromiumPath, chromiumFlagsWithoutGpu } from '../support/chromium.ts';
import { startForelabel, type ForelabelServer } from '../support/forelabelServer.ts';
import { startLabelStudio, type LabelStudioServer } from '../support/labelStudioServer.ts';
import { sampleBytes } from '../support/samples.ts';

let labelStudio: LabelStudioServer;
let door: Door;
let forelabel: ForelabelServer;
let browser: Browser;

beforeAll(async () => {
  [labelStudio, forelabel, browser] = await Promise.all([
    startLabelStudio(),
    startForelabel(),
    chromium.launch({ executablePath: chromiumPath(), args: [...chromiumFlagsWithoutGpu] }),
  ]);
  door = await doorTo(labelStudio.url);
});
afterAll(async () => {
  await browser.close();
  await door.stop();
  await Promise.all([labelStudio.stop(), forelabel.stop()]);
});

test('is run while Label Studio is away, and posted by itself when it is back', async () => {
  const projectId = await labelStudio.createProject({
    title: 'Travels',
    labelConfig:
      '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="face"/></RectangleLabels></View>',
  });
  const files = ['party.jpg', 'empty.jpg', 'rotated.jpg'];
  const taskIds = await labelStudio.importImageFiles(
    projectId,
    await Promise.all(files.map(async (name) => ({ name, data: await sampleBytes(name) }))),
  );
  const page = await (await browser.newContext()).newPage();
  await page.goto(forelabel.url);
  await page.getByRole('button', { name: 'Connect Label Studio' }).click();
  await page.getByLabel('Address').fill(door.url);
  await page.getByLabel('Access token', { exact: true }).fill(labelStudio.pat);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByRole('button', { name: 'Travels' }).click();
  await page.waitForURL(/#\/model/u);
  await page.goto(`${forelabel.url}/#/source`);
  await page.getByRole('button', { name: 'Make available offline' }).click();
  await expect
    .poll(() => page.getByTestId('offline-project').innerText(), { timeout: 30_000 })
    .toMatch(/3 tasks available offline · \d+ kB/u);

  await door.close();
  await page.reload();
  await page.getByText(`Label Studio at ${door.url} does not answer.`).waitFor({ timeout: 60_000 });
  await page.getByRole('heading', { name: 'Travels' }).waitFor();
  await page.goto(`${forelabel.url}/#/run`);
  await page.getByRole('button', { name: 'Run and post' }).click();
  const bar = page.getByTestId('run-bar');
  await page.locator('[data-testid=run-bar][data-phase=waiting]').waitFor({ timeout: 90_000 });
  expect(await bar.innerText()).toMatch(/3 of 3.* 0 in Label Studio/u);

  // The images of the review come from the copy, too.
  await page.goto(`${forelabel.url}/#/review`);
  await page.getByRole('list', { name: 'Results' }).locator('image').nth(2).waitFor();

  // Whoever wants to delete everything now is told what would be lost, and may think better of it.
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Delete everything' }).click();
  await page.getByText('3 results are not in Label Studio yet and will be lost.').waitFor();
  await page.getByRole('button', { name: 'Keep it', exact: true }).click();
  await page.keyboard.press('Escape');

  await door.open();
  await page.locator('[data-testid=run-bar][data-phase=done]').waitFor({ timeout: 60_000 });
  expect(await bar.innerText()).toContain('3 in Label Studio');
  expect(await page.getByText('does not answer').count()).toBe(0);
  const predictions = v.parse(
    v.array(v.object({ task: v.number() })),
    await (await labelStudio.admin(`/api/predictions/?project=${projectId}`)).json(),
  );
  expect(predictions.map(({ task }) => task).sort((a, b) => a - b)).toEqual(taskIds);

  // Removed, it takes no room any more.
  await page.goto(`${forelabel.url}/#/source`);
  await page.getByRole('button', { name: 'Remove the offline copy' }).click();
  await page.getByRole('button', { name: 'Make available offline' }).waitFor();
});
