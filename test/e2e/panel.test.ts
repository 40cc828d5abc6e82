/**
 * The panel in a real Label Studio: from a click on the bookmark to boxes that were submitted and are read back over the
 * API. The browser knows Forelabel and Label Studio as two sites, as they mostly are.
 *
 * SCREENSHOTS=docs/images takes the user guide's pictures anew.
 */
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import sharp from 'sharp';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { regionToBox } from '../../src/labelstudio/regions.ts';
import { chromiumFlagsWithoutGpu, chromiumPath } from '../support/chromium.ts';
import { startForelabel, type ForelabelServer } from '../support/forelabelServer.ts';
import { startImageServer, type ImageServer } from '../support/imageServer.ts';
import { logInToPage } from '../support/labelStudioPage.ts';
import { LabelStudioPanel, type SavedRegion } from '../support/labelStudioPanel.ts';
import { startLabelStudio, type LabelStudioServer } from '../support/labelStudioServer.ts';
import { iou, readSamples, sampleBytes, type Sample } from '../support/samples.ts';

const faces =
  '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">' +
  '<Label value="Face"/><Label value="Dog"/></RectangleLabels></View>';
const twoImages =
  '<View><Image name="left" value="$left"/><Image name="right" value="$right"/>' +
  '<RectangleLabels name="animals" toName="left"><Label value="Dog"/></RectangleLabels>' +
  '<RectangleLabels name="on-left" toName="left"><Label value="Face"/></RectangleLabels>' +
  '<RectangleLabels name="on-right" toName="right"><Label value="Person"/><Label value="face"/></RectangleLabels></View>';

let labelStudio: LabelStudioServer;
let forelabel: ForelabelServer;
let images: ImageServer;
/** Forelabel under a name of another site than Label Studio's. */
let app: string;
let browser: Browser;
let context: BrowserContext;
let tab: LabelStudioPanel;
let samples: ReadonlyMap<string, Sample>;
/** What the bookmark holds, as the app's page offers it. */
let bookmark = '';
/** Tasks by the name of their image. */
const tasks = new Map<string, number>();
let project = 0;

beforeAll(async () => {
  samples = new Map((await readSamples()).map((sample) => [sample.file, sample]));
  const files = await Promise.all(
    [...samples.keys()].map(async (file): Promise<[string, Buffer]> => [file, await sampleBytes(file)]),
  );
  images = await startImageServer(new Map(files));
  [labelStudio, forelabel] = await Promise.all([startLabelStudio(), startForelabel()]);
  app = `http://localhost:${forelabel.port}`;
  browser = await chromium.launch({
    executablePath: chromiumPath(),
    // Instead of Playwright's own list, which takes the storage from frames of another site that browsers give them.
    args: [...chromiumFlagsWithoutGpu, '--disable-features=Translate'],
  });
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(60_000);

  project = await labelStudio.createProject({ title: 'Faces', labelConfig: faces });
  // As a camera that was held upright saves it: lying, with a note in its EXIF that it is to be turned.
  const turned = await sharp(await sampleBytes('portrait.jpg'))
    .rotate(270)
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const uploaded = [
    { name: 'friends.jpg', data: await sampleBytes('friends.jpg') },
    { name: 'turned.jpg', data: turned },
  ];
  const elsewhere = [
    'family.jpg',
    'cafe.jpg',
    'party.jpg',
    'hills.jpg',
    'city.jpg',
    'library.jpg',
    'night.jpg',
  ];
  const ids = [
    ...(await labelStudio.importImageFiles(project, uploaded)),
    ...(await labelStudio.importTasks(
      project,
      elsewhere.map((name) => ({ data: { image: images.address(name) } })),
    )),
    // In a bucket that shows its images and lets no page read them.
    ...(await labelStudio.importTasks(project, [{ data: { image: images.address('call.jpg', 'closed') } }])),
  ];
  for (const [index, name] of [...uploaded.map((each) => each.name), ...elsewhere, 'closed'].entries()) {
    tasks.set(name, ids[index] ?? 0);
  }
  tab = new LabelStudioPanel(await context.newPage(), labelStudio.url, project);
  await logInToPage(tab.page, labelStudio.url);
});
afterAll(async () => {
  await browser.close();
  images.stop();
  await forelabel.stop();
  await labelStudio.stop();
});

const task = (name: string): number => tasks.get(name) ?? 0;
/** Clicks a task in the data manager's list. */
const choose = (name: string) => tab.choose([...tasks.keys()].indexOf(name), task(name));
function sample(name: string): Sample {
  const found = samples.get(name === 'turned.jpg' ? 'portrait.jpg' : name);
  if (found === undefined) throw new Error(`There is no sample ${name}.`);
  return found;
}

/** Presses the button on an image that does not come before the returned function is called. */
async function beingRead(name: string): Promise<() => void> {
  // Label Studio reads it too, twice where it loads a task twice.
  await tab.page.waitForTimeout(1000);
  const release = images.hold(name);
  const before = images.reads(name);
  await tab.button.click();
  await expect.poll(() => images.reads(name)).toBe(before + 1);
  return release;
}

async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`) });
}

const annotationsSchema = v.array(v.object({ result: v.array(v.any()) }));
async function submitted(id: number): Promise<readonly SavedRegion[]> {
  const answer = await labelStudio.admin(`/api/tasks/${id}/annotations/`);
  return v.parse(annotationsSchema, await answer.json()).flatMap(({ result }) => result as SavedRegion[]);
}
const predictionsSchema = v.array(
  v.object({ id: v.number(), model_version: v.string(), result: v.array(v.any()) }),
);
async function predictions(id: number) {
  const answer = await labelStudio.admin(`/api/predictions/?task=${id}`);
  return v.parse(predictionsSchema, await answer.json());
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
  it('Label Studio’s page says what to do; then the panel is there', async () => {
    const { page } = tab;
    await page.goto(`${app}/#/label-studio`);
    const link = page.locator('a.bookmark');
    bookmark = (await link.getAttribute('href')) ?? '';
    expect(bookmark).toMatch(/^javascript:/u);
    await picture(page, 'in-label-studio');
    await tab.open(task('friends.jpg'));
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
});

describe('in a task', () => {
  it('boxes come with one press, follow the slider, go with one undo, and are submitted as they are', async () => {
    const { page, threshold } = tab;
    await tab.button.click();
    await tab.says('3 boxes added');
    expectFaces(await tab.regions(), sample('friends.jpg'));
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

    await tab.submit();
    const id = task('friends.jpg');
    await expect.poll(async () => (await submitted(id)).length, { timeout: 20_000 }).toBe(3);
    expectFaces(await submitted(id), sample('friends.jpg'));
  });

  it('the next one, an image that a camera has turned, gets its boxes where the faces are, by the key', async () => {
    await choose('turned.jpg');
    await tab.page.keyboard.press('Alt+KeyP');
    await tab.says(/1 box added/u);
    expectFaces(await tab.regions(), sample('turned.jpg'));
    await tab.submit();
    const id = task('turned.jpg');
    await expect.poll(async () => (await submitted(id)).length, { timeout: 20_000 }).toBe(1);
    expectFaces(await submitted(id), sample('turned.jpg'));
  });

  it('nothing reaches a task that was opened while the image was looked at', async () => {
    await choose('family.jpg');
    const release = await beingRead('family.jpg');
    await choose('cafe.jpg');
    release();
    await tab.page.waitForTimeout(2500);
    expect(await tab.regions()).toEqual([]);
    await tab.button.click();
    await tab.says(/1 box added/u);
    expectFaces(await tab.regions(), sample('cafe.jpg'));
    await choose('family.jpg');
    expect(await tab.regions()).toEqual([]);
  });

  it('a box that the user has moved stays, whatever the slider says', async () => {
    await tab.button.click();
    await tab.says(/5 boxes added/u);
    await tab.moveRegion(0);
    await tab.threshold.fill('1');
    await tab.hasRegions(1);
    expect((await tab.regions())[0]?.value.x).toBeLessThan(10);
    await tab.threshold.fill('0.3');
    await tab.hasRegions(5);
  });

  it('asks where boxes are, also where they came while the image was looked at', async () => {
    const { panel } = tab;
    await choose('friends.jpg');
    await tab.select('annotation');
    await tab.button.click();
    await tab.says('This annotation has 3 boxes.');
    await panel.getByRole('button', { name: 'Leave' }).click();
    expect(await tab.regions()).toHaveLength(3);

    await choose('party.jpg');
    const release = await beingRead('party.jpg');
    await tab.draw('Dog');
    release();
    await tab.says('This annotation has 1 box.');
    expect(await tab.regions()).toHaveLength(1);
    await panel.getByRole('button', { name: 'Add anyway' }).click();
    await tab.hasRegions(3);
  });

  it('posts a prediction once, and never changes it: the boxes go into a new annotation', async () => {
    const { panel } = tab;
    await choose('hills.jpg');
    await panel.getByRole('button', { name: 'Options' }).click();
    await panel.getByLabel('Post as prediction').check();
    await tab.button.click();
    await tab.says(/^Posted as prediction/u);
    const stored = await predictions(task('hills.jpg'));
    expect(stored).toHaveLength(1);
    expectFaces(stored[0]?.result as SavedRegion[], sample('hills.jpg'));
    await tab.button.click();
    await tab.says(/prediction is there already/u);
    await panel.getByLabel('Post as prediction').uncheck();
    await panel.getByRole('button', { name: 'Options' }).click();

    await choose('cafe.jpg');
    await choose('hills.jpg');
    await tab.select('prediction');
    await tab.button.click();
    await tab.says(/1 box added/u);
    expect(await tab.selected()).toBe('annotation');
    expectFaces(await tab.regions(), sample('hills.jpg'));
    expect(await predictions(task('hills.jpg'))).toEqual(stored);
  });

  it('makes an annotation where none is selected', async () => {
    await choose('city.jpg');
    await tab.select('nothing');
    expect(await tab.selected()).toBeUndefined();
    await tab.button.click();
    await tab.says(/2 boxes added/u);
    expectFaces(await tab.regions(), sample('city.jpg'));
  });

  it('says whose image it may not read', async () => {
    await choose('closed');
    await tab.button.click();
    await tab.says(/does not let this page read its files \(CORS\)\. Allow GET/u);
    expect(await tab.regions()).toEqual([]);
  });
});

describe('two tabs at once', () => {
  it('each works in its own task; under the name of Label Studio’s host, on the relay’s engine if chosen', async () => {
    const second = new LabelStudioPanel(await context.newPage(), labelStudio.url, project);
    await second.open(task('library.jpg'));
    await second.press(bookmark.replaceAll('localhost', '127.0.0.1'));
    await second.panel.getByRole('button', { name: 'Options' }).click();
    await second.panel.getByLabel('Run it on').selectOption('relay');
    await second.panel.getByRole('button', { name: 'Options' }).click();
    await second.button.click();
    await choose('night.jpg');
    await tab.button.click();
    await Promise.all([second.says(/1 box added/u), tab.says(/2 boxes added/u)]);
    await second.panel.getByText('Relay').waitFor();
    await tab.panel.getByText('wasm').waitFor();
    expectFaces(await second.regions(), sample('library.jpg'));
    expectFaces(await tab.regions(), sample('night.jpg'));
    // Pressed once more, the bookmark takes the panel away.
    await second.press(bookmark.replaceAll('localhost', '127.0.0.1'));
    await expect.poll(() => second.page.locator('#forelabel-panel').count()).toBe(0);
    await second.page.close();
  });
});

describe('as I go', () => {
  it('tasks have their boxes when they open, in the data manager and in the label stream', async () => {
    const names = ['empty.jpg', 'rotated.jpg', 'portrait.jpg', 'call.jpg'];
    const stream = await labelStudio.createProject({ title: 'Stream', labelConfig: faces });
    const ids = await labelStudio.importTasks(
      stream,
      names.map((name) => ({ data: { image: images.address(name) } })),
    );
    const [first = 0, second = 0, third = 0] = ids;
    await tab.open(first, stream);
    await tab.press(bookmark);
    await tab.panel.getByLabel('As I go').check();
    await tab.says(/0 boxes added/u);
    // Looked at ahead, so that nothing is left to do when they are opened.
    await expect.poll(() => images.reads('portrait.jpg'), { timeout: 20_000 }).toBeGreaterThan(0);
    await tab.choose(1, second);
    await tab.says(/2 boxes added/u);
    expectFaces(await tab.regions(), sample('rotated.jpg'));

    await tab.stream(stream, first);
    await tab.press(bookmark);
    for (const [index, id] of [first, second, third].entries()) {
      await tab.shows(id);
      const expected = sample(names[index] ?? '');
      await tab.hasRegions(expected.boxes.length);
      // Where nothing was found, nothing shows when it was looked at.
      if (expected.boxes.length === 0) await tab.says(/0 boxes added/u);
      await tab.submit();
      await expect
        .poll(async () => (await submitted(id)).length, { timeout: 20_000 })
        .toBe(expected.boxes.length);
      expectFaces(await submitted(id), expected);
    }
    expect(images.reads('call.jpg')).toBeGreaterThan(0);
  });
});

describe('several images in a task', () => {
  it('each gets its boxes with the control that fits; one can be chosen, and so can the labels', async () => {
    const { panel } = tab;
    const two = await labelStudio.createProject({ title: 'Two', labelConfig: twoImages });
    const data = { left: images.address('friends.jpg'), right: images.address('cafe.jpg') };
    const [first = 0, second = 0] = await labelStudio.importTasks(two, [{ data }, { data }]);
    await tab.open(first, two);
    await tab.press(bookmark);
    await tab.button.waitFor();
    await panel.getByLabel('As I go').uncheck();
    await tab.button.click();
    await tab.says(/4 boxes added/u);
    const places = async () =>
      (await tab.regions()).map(
        ({ from_name, to_name, value }) => `${from_name} ${to_name} ${value.rectanglelabels.join()}`,
      );
    const onLeft = 'on-left left Face';
    expect((await places()).sort()).toEqual([onLeft, onLeft, onLeft, 'on-right right face']);

    await panel.getByRole('button', { name: 'Options' }).click();
    await panel.getByRole('group', { name: 'Labels on right' }).getByRole('combobox').selectOption('Person');
    await expect
      .poll(async () => (await places()).sort(), { timeout: 20_000 })
      .toEqual([onLeft, onLeft, onLeft, 'on-right right Person']);
    await panel.getByLabel('Draw with').selectOption('on-right on right');
    await expect.poll(places, { timeout: 20_000 }).toEqual(['on-right right Person']);

    // Both choices hold for the next task.
    await tab.choose(1, second);
    await tab.button.click();
    await tab.says(/1 box added/u);
    expect(await places()).toEqual(['on-right right Person']);
  });
});

describe('what is wrong', () => {
  it('is said in words', async () => {
    const texts = '<View><Text name="text" value="$text"/><TextArea name="answer" toName="text"/></View>';
    const withoutRectangles = await labelStudio.createProject({ title: 'Texts', labelConfig: texts });
    const [text = 0] = await labelStudio.importTasks(withoutRectangles, [{ data: { text: 'Hello' } }]);
    await tab.open(text, withoutRectangles);
    await tab.press(bookmark);
    await tab.says(/has no RectangleLabels tag.+Add <RectangleLabels>/u);

    await tab.page.goto(`${labelStudio.url}/projects/`);
    await tab.press(bookmark);
    await tab.says(/^No task is open here\. Open one/u);

    // A port on which nothing listens.
    await tab.page.goto(`${labelStudio.url}/projects/`);
    const said = tab.page.waitForEvent('dialog');
    await tab.press(bookmark.replaceAll(String(forelabel.port), '1'));
    const dialog = await said;
    expect(dialog.message()).toMatch(/^Forelabel does not answer at \S+:1\b/u);
    await dialog.accept();
  });
});
