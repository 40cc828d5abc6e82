/**
 * The main job as a user does it: the built app in Chromium, a real Label Studio, real images, among them
 * one photo orientation each and every kind of broken file, and the boxes read back through Label Studio.
 */
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as v from 'valibot';
import { chromiumPath, chromiumFlagsWithoutGpu } from '../support/chromium.ts';
import { startForelabel, type ForelabelServer } from '../support/forelabelServer.ts';
import { logInToPage } from '../support/labelStudioPage.ts';
import { startLabelStudio, type LabelStudioServer } from '../support/labelStudioServer.ts';
import { orientedJpeg } from '../support/orientedImage.ts';
import { iou, readSamples, sampleBytes, type Box, type Sample } from '../support/samples.ts';

const FACES = `<View><Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image"><Label value="Face" background="#2a7"/><Label value="Hat"/></RectangleLabels>
</View>`;

const predictionSchema = v.object({
  task: v.number(),
  model_version: v.string(),
  score: v.number(),
  result: v.array(
    v.object({
      original_width: v.number(),
      original_height: v.number(),
      from_name: v.string(),
      to_name: v.string(),
      score: v.number(),
      value: v.object({
        x: v.number(),
        y: v.number(),
        width: v.number(),
        height: v.number(),
        rectanglelabels: v.array(v.string()),
      }),
    }),
  ),
});
type StoredPrediction = v.InferOutput<typeof predictionSchema>;

let labelStudio: LabelStudioServer;
let forelabel: ForelabelServer;
let browser: Browser;
let samples: readonly Sample[];

beforeAll(async () => {
  [labelStudio, forelabel, browser, samples] = await Promise.all([
    startLabelStudio(),
    startForelabel(),
    chromium.launch({ executablePath: chromiumPath(), args: [...chromiumFlagsWithoutGpu] }),
    readSamples(),
  ]);
});

afterAll(async () => {
  await browser.close();
  await Promise.all([labelStudio.stop(), forelabel.stop()]);
});

/** A tab with a profile of its own, as a first visit. Fails the test for requests that leave this machine. */
async function firstVisit(): Promise<{ context: BrowserContext; page: Page; foreign: string[] }> {
  const context = await browser.newContext();
  const foreign: string[] = [];
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.hostname !== '127.0.0.1') foreign.push(request.url());
  });
  const page = await context.newPage();
  await page.goto(forelabel.url);
  return { context, page, foreign };
}

async function connect(page: Page, token = labelStudio.pat, url = labelStudio.url): Promise<void> {
  const open = page.getByRole('button', { name: 'Connect Label Studio' });
  if (await open.isVisible()) await open.click();
  await page.getByLabel('Address').fill(url);
  await page.getByLabel('Access token', { exact: true }).fill(token);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
}

async function chooseProject(page: Page, title: string): Promise<void> {
  await page.getByRole('button', { name: title }).click();
  await page.waitForURL(/#\/model/u);
}

/** Presses Run and waits for the end of that run. */
async function run(page: Page): Promise<string> {
  await page.goto(`${forelabel.url}/#/run`);
  const bar = page.getByTestId('run-bar');
  // That of a run before would be taken for this one's.
  const away = bar.getByRole('button', { name: 'Put the run bar away' });
  if (await away.isVisible()) await away.click();
  await page.getByRole('button', { name: 'Run and post' }).click();
  await bar.waitFor();
  await page.waitForFunction(
    () => {
      const find = (root: Document | ShadowRoot): Element | null => {
        const here = root.querySelector('[data-testid="run-bar"]');
        if (here !== null) return here;
        for (const element of root.querySelectorAll('*')) {
          const inside = element.shadowRoot === null ? null : find(element.shadowRoot);
          if (inside !== null) return inside;
        }
        return null;
      };
      return ['done', 'failed', 'cancelled'].includes(find(document)?.getAttribute('data-phase') ?? '');
    },
    undefined,
    { timeout: 150_000 },
  );
  expect(await bar.getAttribute('data-phase')).toBe('done');
  return bar.innerText();
}

async function predictionsOf(projectId: number): Promise<StoredPrediction[]> {
  const response = await labelStudio.admin(`/api/predictions/?project=${projectId}`);
  return v.parse(v.array(predictionSchema), await response.json());
}

/** Percent of the image to pixels of the upright image. */
function boxesOf(prediction: StoredPrediction): Box[] {
  return prediction.result.map(({ value, original_width: w, original_height: h }) => [
    (value.x * w) / 100,
    (value.y * h) / 100,
    ((value.x + value.width) * w) / 100,
    ((value.y + value.height) * h) / 100,
  ]);
}

describe('first visit', () => {
  test('the samples have their boxes within seconds, and nothing is asked of another host', async () => {
    const { context, page, foreign } = await firstVisit();
    await expect
      .poll(() => page.getByTestId('engine').innerText(), { timeout: 60_000 })
      .toMatch(/(?:Relay|wasm) · [\d.,]+ m?s/iu);
    const faces = samples.reduce((sum, { boxes }) => sum + boxes.length, 0);
    await expect
      .poll(() => page.getByRole('region', { name: 'Images with their boxes' }).innerText(), {
        timeout: 60_000,
      })
      .toMatch(new RegExp(`12 images · ${faces} boxes`, 'u'));
    expect(foreign).toEqual([]);
    await context.close();
  });
});

describe('a project of photos', () => {
  test('every task gets one prediction with the right boxes, also when the run is repeated', async () => {
    const upright = await sharp(await sampleBytes('friends.jpg'))
      .png()
      .toBuffer();
    const turned = await Promise.all(
      [1, 2, 3, 4, 5, 6, 7, 8].map(async (orientation) => ({
        name: `turned-${orientation}.jpg`,
        data: await orientedJpeg(upright, orientation),
        sample: 'friends.jpg',
      })),
    );
    const plain = await Promise.all(
      ['library.jpg', 'empty.jpg', 'rotated.jpg', 'call.jpg'].map(async (file) => ({
        name: file,
        data: await sampleBytes(file),
        sample: file,
      })),
    );
    const files = [...plain, ...turned];
    const projectId = await labelStudio.createProject({ title: 'Photos', labelConfig: FACES });
    const taskIds = await labelStudio.importImageFiles(projectId, files);

    const { context, page, foreign } = await firstVisit();
    await connect(page);
    await chooseProject(page, 'Photos');
    await expect(page.getByLabel('Label for face').inputValue()).resolves.toBe('Face');
    expect(await run(page)).toContain(`${files.length} in Label Studio`);

    const stored = await predictionsOf(projectId);
    expect(stored.map(({ task }) => task).sort((a, b) => a - b)).toEqual(taskIds);
    const versions = new Set(stored.map((prediction) => prediction.model_version));
    expect([...versions]).toEqual([expect.stringMatching(/^demo-face-[0-9a-f]{8}$/u)]);

    for (const [index, file] of files.entries()) {
      const sample = samples.find(({ file: name }) => name === file.sample);
      const prediction = stored.find(({ task }) => task === taskIds[index]);
      if (sample === undefined || prediction === undefined) throw new Error(`nothing for ${file.name}`);
      const found = boxesOf(prediction);
      expect(found, file.name).toHaveLength(sample.boxes.length);
      for (const box of sample.boxes) {
        expect(Math.max(...found.map((other) => iou(box, other))), file.name).toBeGreaterThan(0.6);
      }
      for (const region of prediction.result) {
        expect([region.original_width, region.original_height], file.name).toEqual([
          sample.width,
          sample.height,
        ]);
        expect(region.value.rectanglelabels).toEqual(['Face']);
      }
    }

    const [version] = versions;
    const project = v.parse(
      v.object({ model_version: v.string() }),
      await (await labelStudio.admin(`/api/projects/${projectId}/`)).json(),
    );
    expect(project.model_version).toBe(version);

    // Again, in the same tab and on a first visit that remembers nothing.
    await run(page);
    expect(await predictionsOf(projectId)).toHaveLength(files.length);
    const another = await firstVisit();
    await connect(another.page);
    await chooseProject(another.page, 'Photos');
    await run(another.page);
    expect(await predictionsOf(projectId)).toHaveLength(files.length);
    await another.context.close();

    expect(foreign).toEqual([]);
    expect(forelabel.printed()).not.toContain(labelStudio.pat);
    await context.close();

    await seenInLabelStudio(projectId, taskIds[0] ?? 0);
  });

  /** Opens the task in Label Studio's own page and waits for the region there. */
  async function seenInLabelStudio(projectId: number, taskId: number): Promise<void> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    await logInToPage(page, labelStudio.url);
    await page.goto(`${labelStudio.url}/projects/${projectId}/data?task=${taskId}`);
    const regions = await page.waitForFunction(
      () => {
        const store = (globalThis as { Htx?: { annotationStore?: { selected?: { regions?: unknown[] } } } })
          .Htx?.annotationStore;
        const count = store?.selected?.regions?.length ?? 0;
        return count > 0 ? count : null;
      },
      undefined,
      { timeout: 60_000 },
    );
    expect(await regions.jsonValue()).toBe(1);
    await context.close();
  }
});

describe('a run that is broken off', () => {
  test('by Cancel, then by a reload, goes on and ends with one prediction a task', async () => {
    const files = await Promise.all(
      Array.from({ length: 24 }, async (_, i) => ({
        name: `broken-off-${i}.jpg`,
        data: await sampleBytes(samples[i % samples.length]?.file ?? ''),
      })),
    );
    const projectId = await labelStudio.createProject({ title: 'Broken off', labelConfig: FACES });
    const taskIds = await labelStudio.importImageFiles(projectId, files);
    const { context, page } = await firstVisit();
    await connect(page);
    await chooseProject(page, 'Broken off');
    const bar = page.getByTestId('run-bar');
    const startAndSeeSome = async (some: number): Promise<void> => {
      await page.goto(`${forelabel.url}/#/run`);
      await page.getByRole('button', { name: 'Run and post' }).click();
      const passed = async () => Number(/(\d+) of 24/u.exec(await bar.innerText())?.[1] ?? 0);
      await expect.poll(passed, { timeout: 60_000, interval: 20 }).toBeGreaterThanOrEqual(some);
    };
    await startAndSeeSome(2);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => bar.getAttribute('data-phase')).toBe('cancelled');
    const kept = Number(/(\d+) of 24/u.exec(await bar.innerText())?.[1] ?? 24);
    expect(kept).toBeLessThan(24);
    await startAndSeeSome(kept + 2);
    await page.reload();
    await expect.poll(() => bar.getAttribute('data-phase'), { timeout: 60_000 }).toBe('done');
    expect(await bar.innerText()).toContain('24 in Label Studio');
    const stored = await predictionsOf(projectId);
    expect(stored.map(({ task }) => task).sort((a, b) => a - b)).toEqual(taskIds);
    await context.close();
  });
});

describe('the token', () => {
  test('lasts through a reload, is nowhere else, and is gone with the tab', async () => {
    await labelStudio.createProject({ title: 'Kept', labelConfig: FACES });
    const { context, page } = await firstVisit();
    await connect(page);
    await chooseProject(page, 'Kept');
    await page.reload();
    await expect.poll(() => page.getByLabel('Label for face').inputValue(), { timeout: 30_000 }).toBe('Face');
    // Local storage, cookies and IndexedDB, that is all that outlives the tab.
    expect(JSON.stringify(await context.storageState({ indexedDB: true }))).not.toContain(labelStudio.pat);
    expect(page.url()).not.toContain(labelStudio.pat);
    const other = await context.newPage();
    await page.close();
    await other.goto(forelabel.url);
    await other.getByRole('button', { name: 'Connect Label Studio' }).waitFor();
    await context.close();
  });
});

describe('bad input', () => {
  test('a bad image costs its own task and says why; the others are done', async () => {
    const good = await sampleBytes('hills.jpg');
    const pixels = sharp(good).removeAlpha();
    const files: Record<string, { data: Buffer; fails: RegExp | null }> = {
      'good.jpg': { data: good, fails: null },
      'truncated.jpg': { data: good.subarray(0, 4000), fails: /truncated|cut|complete|broken/iu },
      'words.jpg': { data: Buffer.from('these are words, not an image'), fails: /not an image/iu },
      'cmyk.jpg': { data: await pixels.clone().toColourspace('cmyk').jpeg().toBuffer(), fails: null },
      'deep.png': { data: await pixels.clone().toColourspace('rgb16').png().toBuffer(), fails: null },
      'dot.png': { data: await pixels.clone().resize(1, 1).png().toBuffer(), fails: null },
      'wide.png': {
        data: await sharp({ create: { width: 20_000, height: 40, channels: 3, background: '#888' } })
          .png()
          .toBuffer(),
        fails: null,
      },
    };
    const projectId = await labelStudio.createProject({ title: 'Bad', labelConfig: FACES });
    await labelStudio.importImageFiles(
      projectId,
      Object.entries(files).map(([name, { data }]) => ({ name, data })),
    );
    const [missing] = await labelStudio.importTasks(projectId, [
      { data: { image: '/data/upload/999/gone.jpg' } },
    ]);
    expect(missing).toBeTypeOf('number');

    const { context, page } = await firstVisit();
    await connect(page);
    await chooseProject(page, 'Bad');
    await run(page);
    const failing = Object.entries(files).filter(([, { fails }]) => fails !== null);
    const list = page.getByRole('list', { name: 'Failed images' });
    const rows = await list.getByRole('listitem').allInnerTexts();
    expect(rows).toHaveLength(failing.length + 1);
    for (const [name, { fails }] of failing) {
      const row = rows.find((text) => text.includes(`· ${name}`));
      expect(row, name).toMatch(fails ?? /never/u);
    }
    expect(rows.find((text) => text.includes('gone'))).toMatch(/404|not there|missing|found/iu);
    expect(await predictionsOf(projectId)).toHaveLength(Object.keys(files).length - failing.length);
    await page.getByRole('button', { name: 'Retry failed' }).click();
    await expect.poll(() => list.getByRole('listitem').count(), { timeout: 60_000 }).toBe(failing.length + 1);
    await context.close();
  });

  test.each([
    { name: 'a wrong token', token: 'f'.repeat(40), says: /token/iu },
    { name: 'a wrong address', url: 'http://127.0.0.1:9', says: /127\.0\.0\.1:9/u },
  ])('$name is told in words', async ({ token, url, says }) => {
    const { context, page } = await firstVisit();
    await connect(page, token, url);
    await expect.poll(() => page.getByRole('alert').first().innerText(), { timeout: 30_000 }).toMatch(says);
    await context.close();
  });

  test('a Label Studio that answers no other origin: what to set is said', async () => {
    const narrow = await startLabelStudio({ env: { CORS_ALLOWED_ORIGINS: 'http://elsewhere.example' } });
    try {
      const { context, page } = await firstVisit();
      await connect(page, narrow.pat, narrow.url);
      const alert = page.getByRole('alert').first();
      await expect.poll(() => alert.innerText(), { timeout: 30_000 }).toMatch(/CORS_ALLOWED_ORIGINS/u);
      await context.close();
    } finally {
      await narrow.stop();
    }
  });

  test('a project without rectangles names the tags it has, and one without a match shows both lists', async () => {
    await labelStudio.createProject({
      title: 'Texts',
      labelConfig:
        '<View><Text name="text" value="$text"/><Choices name="c" toName="text"><Choice value="a"/></Choices></View>',
    });
    await labelStudio.createProject({ title: 'Cars', labelConfig: FACES.replace('Face', 'Car') });
    const { context, page } = await firstVisit();
    await connect(page);
    await chooseProject(page, 'Texts');
    const alert = page.getByRole('alert').first();
    await expect.poll(() => alert.innerText()).toMatch(/Choices/u);
    await page.goto(`${forelabel.url}/#/source`);
    await chooseProject(page, 'Cars');
    await expect.poll(() => alert.innerText()).toMatch(/face[\s\S]*Car/u);
    await page.goto(`${forelabel.url}/#/run`);
    await expect.poll(() => page.getByRole('button', { name: 'Run and post' }).isDisabled()).toBe(true);
    await context.close();
  });
});
