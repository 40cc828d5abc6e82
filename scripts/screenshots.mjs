/**
 * Pictures of every page of the built app, on the bundled samples, in both themes and on a desk and a phone.
 *
 *   npm run build && node scripts/screenshots.mjs --out FOLDER [--url http://127.0.0.1:9090]
 *
 * Without --url it starts the server of this build itself. Ends with an error when a page asks a foreign host
 * for anything or writes an error to the console.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import { chooseProject, fixtureHost, jobs, playTraining } from './trainingFixture.mjs';

const root = path.resolve(import.meta.dirname, '..');
const sizes = { desk: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } };
const flags = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
];

function browserPath() {
  const found = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
    (each) => each && existsSync(each),
  );
  if (!found) throw new Error('No Chromium found. Install it or set CHROMIUM_PATH.');
  return found;
}

/** Starts the relay on a free port and resolves with its address once it has printed it. */
async function startRelay() {
  const child = spawn(
    process.execPath,
    [path.join(root, 'dist/node/cli/main.js'), 'serve', '--port', '0', '--no-open'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const url = await new Promise((resolve, reject) => {
    let printed = '';
    child.stdout.on('data', (chunk) => {
      printed += chunk;
      const match = /https?:\/\/[^\s]+/u.exec(printed);
      if (match) resolve(match[0]);
    });
    child.once('exit', () => reject(new Error('The server did not start. Run "npm run build" first.')));
  });
  return { url, stop: () => child.kill('SIGTERM') };
}

/** Waits until no image of the page is a skeleton any more and the engine has said its name. */
async function settled(page) {
  await page.locator('[data-testid=engine]').filter({ hasText: '·' }).waitFor({ timeout: 120_000 });
  await page.locator('wa-skeleton').first().waitFor({ state: 'detached', timeout: 60_000 });
  await page.waitForTimeout(400);
}

async function tour(page, url, shoot) {
  await page.goto(url);
  await page.waitForTimeout(250);
  await shoot('0-start');
  await settled(page);
  await page.getByText(/^12 images ·/u).waitFor({ timeout: 120_000 });
  await shoot('1-source');
  await page.getByTestId('engine').click();
  await page.waitForTimeout(400);
  await shoot('2-engine');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Connect Label Studio' }).click();
  await page.getByLabel('Address').fill('http://127.0.0.1:9');
  await page.getByLabel('Access token', { exact: true }).fill('not-a-real-token');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByRole('alert').first().waitFor();
  await shoot('3-connect');
  await page.goto(`${url}/#/model`);
  await page.waitForTimeout(300);
  await shoot('4-model');
  await page.goto(`${url}/#/preview`);
  await settled(page);
  await page
    .getByText(/\d box/u)
    .nth(6)
    .waitFor({ timeout: 120_000 });
  await shoot('5-preview');
  await page.goto(`${url}/#/run`);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.locator('[data-testid=run-bar][data-phase=done]').waitFor({ timeout: 120_000 });
  await page.waitForTimeout(400);
  await shoot('6-run');
  await page.goto(`${url}/#/review`);
  await page.getByRole('list', { name: 'Results' }).locator('image').nth(5).waitFor();
  await settled(page);
  await shoot('7-review');
  await page.getByRole('list', { name: 'Results' }).getByRole('link').first().click();
  await page.getByRole('button', { name: 'Next image' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.waitForTimeout(600);
  await shoot('8-single');
  await page.keyboard.press('?');
  await page.waitForTimeout(500);
  await shoot('9-keys');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.waitForTimeout(500);
  await shoot('10-settings');
  await page.keyboard.press('Escape');
  await page.goto(`${url}/#/label-studio`);
  await page.getByRole('heading', { name: 'In Label Studio' }).waitFor();
  await shoot('16-in-label-studio', true);
  await page.goto(`${url}/#/label-studio?allow=http%3A%2F%2Flocalhost%3A8080`);
  await page.getByText('http://localhost:8080').first().waitFor();
  await shoot('17-allow');
  await trainingTour(page, url, shoot);
}

/** The Train step, whose relay and Label Studio are played. */
async function trainingTour(page, url, shoot) {
  await page.goto(`${url}/#/train`);
  await page.getByRole('heading', { name: 'Choose a Label Studio project' }).waitFor();
  await shoot('11-train-no-project');
  await chooseProject(page);
  await page.reload();
  await page.getByRole('button', { name: 'Train on 164 annotated tasks' }).waitFor();
  await page.getByText('Label Studio refuses this address').waitFor();
  await page.waitForTimeout(400);
  await shoot('12-train');
  await shoot('12-train-whole', true);
  for (const [name, { id }] of Object.entries(jobs)) {
    await page.goto(`${url}/#/train/${id}`);
    await page.getByRole('heading', { name: 'Training of Blood cells' }).waitFor();
    await page.waitForTimeout(600);
    await shoot(`13-job-${name}`, true);
  }
  await page.goto(`${url}/#/train/${jobs.running.id}`);
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await page.waitForTimeout(500);
  await shoot('14-job-cancel');
  await page.getByRole('button', { name: 'Go on training' }).click();
  await page.getByText('Log', { exact: true }).click();
  await page.getByText('[1][30/33]').waitFor();
  await shoot('15-job-log', true);
}

async function main() {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      url: { type: 'string' },
      only: { type: 'string' },
      part: { type: 'string' },
    },
  });
  if (values.out === undefined) {
    console.error(
      'Usage: node scripts/screenshots.mjs --out FOLDER [--url ADDRESS] [--only desk-light] [--part train]',
    );
    process.exit(2);
  }
  await mkdir(values.out, { recursive: true });
  const relay = values.url === undefined ? await startRelay() : { url: values.url, stop: () => undefined };
  const browser = await chromium.launch({ executablePath: browserPath(), args: flags });
  const troubles = new Set();
  try {
    for (const [size, viewport] of Object.entries(sizes)) {
      for (const colorScheme of ['light', 'dark']) {
        const look = `${size}-${colorScheme}`;
        if (values.only !== undefined && values.only !== look) continue;
        const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' });
        const page = await context.newPage();
        page.on('request', (request) => {
          const target = new URL(request.url());
          const ours =
            target.origin === new URL(relay.url).origin || ['data:', 'blob:'].includes(target.protocol);
          // The tour itself types the address of a Label Studio that is not there, and plays one that is.
          if (!ours && ![fixtureHost, '127.0.0.1:9'].includes(target.host))
            troubles.add(`asked ${target.origin}`);
        });
        page.on('pageerror', (error) => troubles.add(`page error: ${error.message}`));
        page.on('console', (message) => {
          if (message.type() === 'error' && !message.text().includes('ERR_'))
            troubles.add(`console: ${message.text()}`);
        });
        await playTraining(context, relay.url);
        const shoot = async (name, fullPage = false) => {
          await page.screenshot({ path: path.join(values.out, `${look}-${name}.png`), fullPage });
          if (!name.startsWith('1')) return;
          const { violations } = await new AxeBuilder({ page }).analyze();
          for (const { id, nodes } of violations) {
            troubles.add(`${look}-${name}: ${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' ')}`);
          }
        };
        if (values.part === 'train') {
          await page.goto(relay.url);
          await trainingTour(page, relay.url, shoot);
        } else await tour(page, relay.url, shoot);
        const wide = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        if (wide > 0) troubles.add(`${look}: the page is ${wide} pixels too wide`);
        await context.close();
      }
    }
  } finally {
    await browser.close();
    relay.stop();
  }
  for (const trouble of troubles) console.error(trouble);
  process.exitCode = troubles.size === 0 ? 0 : 1;
}

await main();
