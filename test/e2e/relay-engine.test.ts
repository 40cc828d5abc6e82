/** The built app on the relay's engine, as a user without a GPU meets it; and what the user may choose instead. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ItemResult } from '../../src/store/types.ts';
import { compareBoxes, type ScoredBox } from '../support/boxAgreement.ts';
import { chromiumFlagsWithoutGpu, chromiumPath } from '../support/chromium.ts';
import { forelabelCommand, startForelabel, type ForelabelServer } from '../support/forelabelServer.ts';
import { readSamples } from '../support/samples.ts';

let forelabel: ForelabelServer;
let browser: Browser;
let context: BrowserContext;
let page: Page;
beforeAll(async () => {
  [forelabel, browser] = await Promise.all([
    startForelabel(),
    chromium.launch({ executablePath: chromiumPath(), args: [...chromiumFlagsWithoutGpu] }),
  ]);
  context = await browser.newContext();
  page = await context.newPage();
});
afterAll(async () => {
  await browser.close();
  await forelabel.stop();
});

/** Waits until the samples have their boxes, and says how many there are. */
async function boxesOn(engine: RegExp): Promise<string> {
  await expect.poll(() => page.getByTestId('engine').innerText(), { timeout: 60_000 }).toMatch(engine);
  const images = page.getByRole('region', { name: 'Images with their boxes' });
  await expect.poll(() => images.innerText(), { timeout: 60_000 }).toMatch(/12 images · \d+ boxes/u);
  return /12 images · \d+ boxes/u.exec(await images.innerText())?.[0] ?? '';
}

test('the relay detects where there is no GPU, wasm finds the same, and a choice is kept', async () => {
  const sent: string[] = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith('/api/engine')) sent.push(pathname);
  });
  let overSocket = 0;
  page.on('websocket', (socket) => socket.on('framereceived', () => (overSocket += 1)));
  const inRequests = () => sent.filter((path) => path === '/api/engine/detect').length;
  await page.goto(forelabel.url);
  const onRelay = await boxesOn(/Relay · [\d.,]+ m?s/u);
  expect(overSocket).toBeGreaterThan(0);
  expect(overSocket + inRequests()).toBeGreaterThanOrEqual(12);

  await page.getByTestId('engine').click();
  const engines = page.getByLabel('Engines');
  await engines.getByText(/In use\./u).waitFor();
  await engines.getByText(/Not used: the browser offers no GPU|Not used: .*emulates/u).waitFor();
  await page.getByRole('radio', { name: 'CPU (wasm)' }).click();
  await page.getByTestId('engine').getByText(/^wasm/u).waitFor();
  sent.length = 0;
  await page.reload();
  expect(await boxesOn(/wasm · [\d.,]+ m?s/u)).toBe(onRelay);
  expect(sent).toEqual([]);
  await page.getByTestId('engine').click();
  await page.getByText('The CPU (wasm) was chosen.').first().waitFor();
});

test('where no WebSocket is let through, each image goes in a request of its own', async () => {
  const other = await browser.newContext();
  const blocked = await other.newPage();
  await blocked.routeWebSocket(/engine\/socket/u, (socket) => socket.close());
  let requests = 0;
  blocked.on('request', (request) => {
    if (new URL(request.url()).pathname === '/api/engine/detect') requests += 1;
  });
  await blocked.goto(forelabel.url);
  await expect
    .poll(() => blocked.getByRole('region', { name: 'Images with their boxes' }).innerText(), {
      timeout: 60_000,
    })
    .toMatch(/12 images · \d+ boxes/u);
  expect(requests).toBeGreaterThanOrEqual(12);
  await other.close();
});

/** What `forelabel predict` finds in the samples, by file. */
async function predicted(engine: string): Promise<ReadonlyMap<string, readonly ScoredBox[]>> {
  const work = await mkdtemp(join(tmpdir(), 'forelabel-relay-engine-'));
  try {
    const out = join(work, 'boxes.jsonl');
    const options = ['--model', 'demo-face', '--engine', engine, '--threshold', '0', '--out', out];
    const images = join(import.meta.dirname, '..', '..', 'public', 'samples');
    await execa(process.execPath, [forelabelCommand, 'predict', images, ...options], {
      env: { FORELABEL_HOME: work },
    });
    const lines = (await readFile(out, 'utf8')).trimEnd().split('\n');
    const read = lines.map((line) => JSON.parse(line) as { file: string; detections: ScoredBox[] });
    return new Map(read.map(({ file, detections }) => [basename(file), detections]));
  } finally {
    await rm(work, { recursive: true });
  }
}

/** The results that the page keeps. */
function stored(on: Page): Promise<readonly ItemResult[]> {
  return on.evaluate(
    () =>
      new Promise<ItemResult[]>((resolve, reject) => {
        const request = indexedDB.open('forelabel');
        request.onerror = () => reject(request.error ?? new Error('not opened'));
        request.onsuccess = () => {
          const all = request.result.transaction('results').objectStore('results').getAll();
          all.onsuccess = () => resolve(all.result as ItemResult[]);
          all.onerror = () => reject(all.error ?? new Error('not read'));
        };
      }),
  );
}

// The relay's engine is the native one; between it and a page's there is rounding.
test.each([
  ['relay', 1e-6, 0.999999],
  ['wasm', 1e-3, 0.99],
])('what a run on %s stores is what forelabel predict finds', async (engine, score, overlap) => {
  const other = await browser.newContext();
  await other.addInitScript(`localStorage.setItem('forelabel-engine', '${engine}')`);
  const running = await other.newPage();
  await running.goto(`${forelabel.url}/#/run`);
  await running.getByRole('button', { name: 'Run', exact: true }).click();
  await running.locator('[data-testid=run-bar][data-phase=done]').waitFor({ timeout: 90_000 });
  const results = await stored(running);
  await other.close();

  expect(new Set(results.map(({ backend }) => backend))).toEqual(new Set([engine]));
  const names = results.map(({ name }) => name);
  expect(names.sort()).toEqual((await readSamples()).map(({ file }) => file).sort());
  const expected = await predicted('native');
  const got = results.map(({ name, detections }): [string, ScoredBox[]] => [
    name,
    detections.map((d) => ({ label: 'face', score: d.score, box: [d.x1, d.y1, d.x2, d.y2] })),
  ]);
  const agreement = compareBoxes(expected, new Map(got), 0.05);
  expect(agreement.boxes).toBeGreaterThan(20);
  expect(agreement).toMatchObject({ agreeing: agreement.boxes, sameOrder: 12 });
  expect(agreement.worstScore).toBeLessThanOrEqual(score);
  expect(agreement.worstIou).toBeGreaterThanOrEqual(overlap);
});
