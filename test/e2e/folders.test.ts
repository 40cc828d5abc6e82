/**
 * A folder of this computer without any Label Studio, as a user works on it: dropped, picked or opened again; run,
 * and exported; the exports read by their own readers (pycocotools, Label Studio's import).
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as v from 'valibot';
import { trainerPython } from '../../scripts/trainer-setup.mjs';
import { chromiumPath, chromiumFlagsWithoutGpu } from '../support/chromium.ts';
import { chooseFolder, dropOnto, folderOf } from '../support/folderPicking.ts';
import { startForelabel, type ForelabelServer } from '../support/forelabelServer.ts';
import { startLabelStudio, type LabelStudioServer } from '../support/labelStudioServer.ts';
import { readSamples, sampleBytes, type Sample } from '../support/samples.ts';

const run = promisify(execFile);

let forelabel: ForelabelServer;
let browser: Browser;
let labelStudio: LabelStudioServer;
let samples: readonly Sample[];
let context: BrowserContext;
let page: Page;
let saved: string;

beforeAll(async () => {
  [labelStudio, forelabel, browser, samples] = await Promise.all([
    startLabelStudio(),
    startForelabel(),
    chromium.launch({ executablePath: chromiumPath(), args: [...chromiumFlagsWithoutGpu] }),
    readSamples(),
  ]);
  saved = await mkdtemp(join(tmpdir(), 'forelabel-exports-'));
  context = await browser.newContext();
  // The browser's own dialog for saving cannot be worked from here; without it a file is downloaded.
  await context.addInitScript('delete window.showSaveFilePicker');
  // Which kinds of image can be read differs between the engines: sharp reads TIFF, Chromium does not.
  await context.addInitScript("localStorage.setItem('forelabel-engine', 'wasm')");
  page = await context.newPage();
});
afterAll(async () => {
  await browser.close();
  await Promise.all([labelStudio.stop(), forelabel.stop(), rm(saved, { recursive: true, force: true })]);
});

async function runAll(name: string): Promise<string> {
  await page.goto(`${forelabel.url}/#/run`);
  // The bar of the run before would be taken for the one of this run.
  const old = page.getByTestId('run-bar').getByRole('button', { name: 'Put the run bar away' });
  if (await old.isVisible()) await old.click();
  await page.getByRole('button', { name, exact: true }).click();
  await page.locator('[data-testid=run-bar][data-phase=done]').waitFor({ timeout: 90_000 });
  return page.getByTestId('run-bar').innerText();
}

/** Saves in a format and gives the path of the file. */
async function exported(
  format: string,
  prepare: () => Promise<void> = () => Promise.resolve(),
): Promise<string> {
  await page.getByLabel('Format').selectOption(format);
  await prepare();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save', exact: true }).click(),
  ]);
  const path = join(saved, download.suggestedFilename());
  await download.saveAs(path);
  return path;
}

const sampleOf = (file: string): Sample => {
  const sample = samples.find((each) => each.file === file);
  if (sample === undefined) throw new Error(`There is no sample ${file}.`);
  return sample;
};

test('a folder that is dropped onto the window is run, folders in it included', async () => {
  await page.goto(forelabel.url);
  const folder = await folderOf('Dropped', {
    'inner/party.jpg': await sampleBytes('party.jpg'),
    'empty.jpg': await sampleBytes('empty.jpg'),
    'call.jpg': await sampleBytes('call.jpg'),
    '.hidden/party.jpg': await sampleBytes('party.jpg'),
  });
  await dropOnto(page, [folder]);
  await page.waitForURL(/#\/preview/u);
  expect(await runAll('Run')).toContain('3 of 3');
  await page.goto(`${forelabel.url}/#/review`);
  await expect.poll(() => page.getByRole('list', { name: 'Results' }).getByRole('link').count()).toBe(3);
  await page.getByText('inner/party.jpg').first().waitFor();
});

test('a picked folder is run once, with a sentence for what cannot be read; another of its name is not mixed up with it', async () => {
  await page.goto(`${forelabel.url}/#/source`);
  const photos = await folderOf('Photos', {
    'party.jpg': await sampleBytes('party.jpg'),
    'deep/library.jpg': await sampleBytes('library.jpg'),
    'rotated.jpg': await sampleBytes('rotated.jpg'),
    'broken.jpg': (await sampleBytes('city.jpg')).subarray(0, 900),
    'scan.tif': await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .tiff()
      .toBuffer(),
    'notes.txt': Buffer.from('no image'),
  });
  await chooseFolder(page, photos);
  const line = await runAll('Run');
  expect(line).toContain('5 of 5');
  expect(line).toContain('2 failed');
  const failed = page.getByRole('list', { name: 'Failed images' });
  await expect.poll(() => failed.innerText()).toMatch(/broken\.jpg\s+The image file is damaged/u);
  await expect
    .poll(() => failed.innerText())
    .toMatch(/scan\.tif\s+This kind of image file is not supported/u);

  await page.goto(`${forelabel.url}/#/source`);
  await chooseFolder(page, await folderOf('Photos', { 'party.jpg': await sampleBytes('empty.jpg') }));
  const other = await runAll('Run');
  expect(other).toContain('1 of 1');
  expect(other).not.toContain('done before');
  await page.goto(`${forelabel.url}/#/review`);
  await expect.poll(() => page.getByRole('list', { name: 'Results' }).getByRole('link').count()).toBe(1);

  await page.goto(`${forelabel.url}/#/source`);
  await chooseFolder(page, photos);
  expect(await runAll('Run')).toContain('3 were done before');
});

test('COCO with its images is what pycocotools reads', async () => {
  const zip = await exported('coco', () => page.getByLabel('With the images, in one zip').check());
  const python = await trainerPython();
  const { stdout } = await run(python, ['-c', READ_COCO, zip]);
  const read = v.parse(
    v.object({
      files: v.array(v.string()),
      images: v.record(v.string(), v.object({ size: v.array(v.number()), boxes: v.number() })),
      categories: v.array(v.string()),
    }),
    JSON.parse(stdout),
  );
  expect(read.categories).toEqual(['face']);
  expect(Object.keys(read.images).sort()).toEqual(['deep/library.jpg', 'party.jpg', 'rotated.jpg']);
  for (const [file, { size, boxes }] of Object.entries(read.images)) {
    const sample = sampleOf(file.replace('deep/', ''));
    // pycocotools' own picture of the image, EXIF applied: the same size as in the labels.
    expect(size, file).toEqual([sample.width, sample.height]);
    expect(boxes, file).toBe(sample.boxes.length);
  }
  expect(read.files).toContain('images/deep/library.jpg');
});

test('YOLO and Pascal VOC are zips that an independent reader opens', async () => {
  const python = await trainerPython();
  const yolo = await exported('yolo');
  const voc = await exported('voc', () => page.getByLabel('With the images, in one zip').uncheck());
  const { stdout } = await run(python, ['-c', READ_ZIPS, yolo, voc]);
  const read = v.parse(
    v.object({ yolo: v.record(v.string(), v.number()), voc: v.record(v.string(), v.number()) }),
    JSON.parse(stdout),
  );
  const boxes = (file: string): number => sampleOf(file).boxes.length;
  const expected = {
    'deep/library': boxes('library.jpg'),
    party: boxes('party.jpg'),
    rotated: boxes('rotated.jpg'),
  };
  expect(read.yolo).toEqual(expected);
  expect(read.voc).toEqual(expected);
});

test('where the browser asks where to save, the export goes into the picked file', async () => {
  const downloaded = await readFile(await exported('jsonl'), 'utf8');
  // Its own files stand in for the one that a user picks: the handles are of the same kind.
  const saved = await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    Object.assign(window, {
      showSaveFilePicker: ({ suggestedName }: { suggestedName: string }) =>
        root.getFileHandle(suggestedName, { create: true }),
    });
    return root.kind;
  });
  expect(saved).toBe('directory');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const picked = (): Promise<string> =>
    page.evaluate(async () => {
      const root = await navigator.storage.getDirectory();
      for await (const file of root.values())
        if (file.kind === 'file' && file.name.endsWith('.jsonl')) return (await file.getFile()).text();
      return '';
    });
  await expect.poll(picked).toBe(downloaded);
  await page.evaluate('delete window.showSaveFilePicker');
});

test('Label Studio imports the tasks with their predictions', async () => {
  const path = await exported('labelstudio', () =>
    page.getByLabel('Where Label Studio finds the images').fill('/data/local-files/?d=photos/'),
  );
  const projectId = await labelStudio.createProject({
    title: 'Imported',
    labelConfig:
      '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="face"/></RectangleLabels></View>',
  });
  const form = new FormData();
  form.append('tasks.json', new Blob([await readFile(path)]), 'tasks.json');
  const answer = await labelStudio.admin(`/api/projects/${projectId}/import`, { method: 'POST', body: form });
  expect(await answer.json()).toMatchObject({ task_count: 3, prediction_count: 3 });
  const read = async (path: string): Promise<unknown> => (await labelStudio.admin(path)).json();
  const { tasks } = v.parse(
    v.object({ tasks: v.array(v.object({ id: v.number(), data: v.object({ image: v.string() }) })) }),
    await read(`/api/tasks?project=${projectId}`),
  );
  const predictions = v.parse(
    v.array(v.object({ task: v.number(), model_version: v.string(), result: v.array(v.unknown()) })),
    await read(`/api/predictions/?project=${projectId}`),
  );
  expect(tasks.map(({ data }) => data.image)).toContain('/data/local-files/?d=photos/deep/library.jpg');
  expect(tasks).toHaveLength(3);
  for (const { id, data } of tasks) {
    const boxes = predictions.filter(({ task }) => task === id).map(({ result }) => result.length);
    expect(boxes, data.image).toEqual([sampleOf(data.image.split('/').at(-1) ?? '').boxes.length]);
  }
});

test('everything is exported without secrets, deleted, and read back', async () => {
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByText(/^[\d,.]+ [kMG]B used, [\d,.]+ [MG]B free/u).waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export everything' }).click(),
  ]);
  const path = join(saved, 'everything.jsonl.gz');
  await download.saveAs(path);
  const lines = gunzipSync(await readFile(path))
    .toString()
    .trimEnd()
    .split('\n');
  expect(lines.filter((line) => line.startsWith('{"table":"results"')).length).toBe(9);

  await page.getByRole('button', { name: 'Delete everything' }).click();
  await page.getByRole('button', { name: 'Yes, delete it all' }).waitFor();
  // A folder's results wait for nobody.
  expect(await page.getByText('not in Label Studio yet').count()).toBe(0);
  await Promise.all([
    page.waitForEvent('load'),
    page.getByRole('button', { name: 'Yes, delete it all' }).click(),
  ]);
  const left = await page.evaluate(async () => ({
    // The next visit has begun: it may have kept the model's list again.
    caches: (await caches.keys()).filter((name) => !/^forelabel-(?:models|wasm|precache)/u.test(name)),
    token: sessionStorage.length,
    rows: await new Promise<number>((resolve, reject) => {
      const request = indexedDB.open('forelabel');
      request.onerror = () => reject(request.error ?? new Error('not opened'));
      request.onsuccess = () => {
        const database = request.result;
        const count = database.transaction('results').objectStore('results').count();
        count.onsuccess = () => resolve(count.result);
        count.onerror = () => reject(count.error ?? new Error('not counted'));
      };
    }),
  }));
  expect(left).toEqual({ caches: [], token: 0, rows: 0 });

  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByTestId('import-everything').setInputFiles(path);
  await page.getByText('Read back 9 results').waitFor({ timeout: 20_000 });
  const rubbish = join(saved, 'rubbish.gz');
  await writeFile(rubbish, 'not a gzip file');
  await page.getByTestId('import-everything').setInputFiles(rubbish);
  await page.getByText(/This file cannot be unpacked/u).waitFor();
});

const READ_COCO = `
import io, json, sys, tempfile, zipfile, os
from PIL import Image, ImageOps
from pycocotools.coco import COCO
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
folder = tempfile.mkdtemp()
archive.extractall(folder)
out = sys.stdout
sys.stdout = io.StringIO()
coco = COCO(os.path.join(folder, 'coco.json'))
sys.stdout = out
images = {}
for image in coco.loadImgs(coco.getImgIds()):
    picture = ImageOps.exif_transpose(Image.open(os.path.join(folder, 'images', image['file_name'])))
    assert picture.size == (image['width'], image['height'])
    images[image['file_name']] = {'size': list(picture.size), 'boxes': len(coco.getAnnIds([image['id']]))}
print(json.dumps({'files': archive.namelist(), 'images': images,
                  'categories': [c['name'] for c in coco.loadCats(coco.getCatIds())]}))
`;

const READ_ZIPS = `
import json, sys, zipfile
import xml.etree.ElementTree as ElementTree
def read(path, folder, ending, count):
    archive = zipfile.ZipFile(path)
    assert archive.testzip() is None
    return {n[len(folder):-len(ending)]: count(archive.read(n).decode()) for n in archive.namelist()
            if n.startswith(folder) and n.endswith(ending)}
print(json.dumps({
    'yolo': read(sys.argv[1], 'labels/', '.txt', lambda text: len(text.splitlines())),
    'voc': read(sys.argv[2], 'Annotations/', '.xml', lambda text: len(ElementTree.fromstring(text).findall('object')))}))
`;
