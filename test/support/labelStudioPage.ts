import type { Page } from 'playwright-core';
import { labelStudioUser } from './labelStudioServer.ts';

/** Logs the tests' user in to Label Studio's own page. */
export async function logInToPage(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/user/login/`);
  await page.locator('input[name=email]').fill(labelStudioUser.email);
  await page.locator('input[name=password]').fill(labelStudioUser.password);
  await Promise.all([
    page.waitForURL(({ pathname }) => !pathname.includes('login')),
    page.locator('form button[type=submit], form [type=submit]').first().click(),
  ]);
}
