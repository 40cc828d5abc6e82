/** axe on every page of the built app, in both themes and on a narrow screen. */
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumFlagsWithoutGpu, chromiumPath } from '../support/chromium.ts';
import { startForelabel, type ForelabelServer } from '../support/forelabelServer.ts';

let forelabel: ForelabelServer;
let browser: Browser;

beforeAll(async () => {
  [forelabel, browser] = await Promise.all([
    startForelabel(),
    chromium.launch({ executablePath: chromiumPath(), args: [...chromiumFlagsWithoutGpu] }),
  ]);
});
afterAll(async () => {
  await browser.close();
  await forelabel.stop();
});

describe.each([
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 1280 },
  { colorScheme: 'dark', width: 360 },
] as const)('$colorScheme, $width px wide', ({ colorScheme, width }) => {
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    context = await browser.newContext({
      colorScheme,
      viewport: { width, height: 800 },
      reducedMotion: 'reduce',
    });
    page = await context.newPage();
    await page.goto(forelabel.url);
    // Boxes and counts are there: what is judged is the page as people see it.
    await page
      .getByTestId('engine')
      .filter({ hasText: /\d m?s/u })
      .waitFor({ timeout: 60_000 });
  });
  afterAll(async () => context.close());

  test.each(['source', 'model', 'preview', 'run', 'review', 'train', 'label-studio'])(
    '%s: axe finds nothing, nothing sticks out',
    async (step) => {
      const before = await page.getByRole('heading', { level: 1 }).first().innerText();
      await page.goto(`${forelabel.url}/#/${step}`);
      // The first page is the one that opened.
      if (step !== 'source') {
        await expect.poll(() => page.getByRole('heading', { level: 1 }).first().innerText()).not.toBe(before);
      }
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual(
        [],
      );
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow).toBeLessThanOrEqual(0);
    },
  );
});
