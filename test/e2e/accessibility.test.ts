/** axe on every page of the built app, in both themes and on a narrow screen. */
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Browser } from 'playwright-core';
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
  test.each(['source', 'model', 'preview', 'run', 'review', 'train'])(
    '%s: axe finds nothing, nothing sticks out',
    async (step) => {
      const context = await browser.newContext({
        colorScheme,
        viewport: { width, height: 800 },
        reducedMotion: 'reduce',
      });
      const page = await context.newPage();
      await page.goto(`${forelabel.url}/#/${step}`);
      await page.getByRole('heading', { level: 1 }).first().waitFor();
      // Boxes and counts are there: what is judged is the page as people see it.
      await expect.poll(() => page.getByTestId('engine').innerText(), { timeout: 60_000 }).toMatch(/wasm/iu);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual(
        [],
      );
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow).toBeLessThanOrEqual(0);
      await context.close();
    },
  );
});
