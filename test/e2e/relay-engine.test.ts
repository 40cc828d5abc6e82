/** The built app on the relay's engine, as a user without a GPU meets it; and what the user may choose instead. */
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumFlagsWithoutGpu, chromiumPath } from '../support/chromium.ts';
import { startForelabel, type ForelabelServer } from '../support/forelabelServer.ts';

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
