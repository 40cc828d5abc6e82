/** `npm run test:soak`: random faults for 15 minutes (FORELABEL_SOAK_MINUTES), from a seed that it prints. */
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sharedImages } from '../support/appPage.ts';
import { chromiumFlagsWithoutGpu, chromiumPath } from '../support/chromium.ts';
import { startFaultProxy, type FaultProxy } from '../support/faultProxy.ts';
import { soak } from '../support/faultSoak.ts';
import { startForelabel, type ForelabelServer } from '../support/forelabelServer.ts';
import { startLabelStudio, type LabelStudioServer } from '../support/labelStudioServer.ts';

const minutes = Number(process.env.FORELABEL_SOAK_MINUTES ?? 15);
const seed = Number(process.env.FORELABEL_SOAK_SEED ?? Date.now() % 1_000_000);

let labelStudio: LabelStudioServer;
let forelabel: ForelabelServer;
let browser: Browser;
let proxy: FaultProxy;

beforeAll(async () => {
  [labelStudio, forelabel, browser] = await Promise.all([
    startLabelStudio(),
    startForelabel(),
    chromium.launch({ executablePath: chromiumPath(), args: [...chromiumFlagsWithoutGpu] }),
  ]);
  proxy = await startFaultProxy(labelStudio.url);
});
afterAll(async () => {
  await browser.close();
  await proxy.stop();
  await Promise.all([labelStudio.stop(), forelabel.stop()]);
});

it(
  `${minutes} minutes of random faults leave one prediction a task`,
  { timeout: (minutes + 10) * 60_000 },
  async () => {
    console.log(`seed ${seed} (FORELABEL_SOAK_SEED=${seed} plays it again)`);
    const rounds = await soak({
      labelStudio,
      proxy,
      projects: await sharedImages(labelStudio),
      context: await browser.newContext(),
      appUrl: forelabel.url,
      seed,
      milliseconds: minutes * 60_000,
      tasksPerRound: 60,
    });
    console.table(
      rounds.map(({ expected, found, faults, tabsKilled }) => ({
        tasks: expected.length,
        predictions: found.length,
        faults,
        tabsKilled,
      })),
    );
    console.log(Object.fromEntries(proxy.made));
    for (const [index, { expected, found }] of rounds.entries())
      expect(found, `round ${index + 1}, seed ${seed}`).toEqual(expected);
  },
);
