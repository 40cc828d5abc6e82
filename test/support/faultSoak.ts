/** Random faults against the app for a while; after each round Label Studio must hold one prediction a task. */
import type { BrowserContext } from 'playwright-core';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppPage, predictedTasks, type Projects } from './appPage.ts';
import type { Asked, Fault, FaultProxy } from './faultProxy.ts';
import type { LabelStudioServer } from './labelStudioServer.ts';

export interface SoakOptions {
  readonly labelStudio: LabelStudioServer;
  readonly proxy: FaultProxy;
  readonly projects: Projects;
  /** A new profile, whose tabs are the app's. */
  readonly context: BrowserContext;
  readonly appUrl: string;
  readonly seed: number;
  /** No round begins later than this. */
  readonly milliseconds: number;
  readonly tasksPerRound: number;
}

/** What a round found; equal lists are what is wanted. */
export interface Round {
  readonly expected: readonly number[];
  readonly found: readonly number[];
  readonly faults: number;
  readonly tabsKilled: number;
}

/** Mulberry32: even numbers from 0 to 1, the same for the same seed. */
function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Every fourth request or so goes wrong, in one of all the ways there are. */
function randomFault(roll: () => number, { method, path }: Asked): Fault | null {
  if (roll() > 0.25) return null;
  const post = method === 'POST' && path.includes('/import/predictions');
  const faults: readonly Fault[] = [
    { kind: 'cut' },
    { kind: 'status', status: 500 },
    { kind: 'status', status: 503 },
    { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
    { kind: 'truncate' },
    { kind: 'slow', ms: 50 + Math.round(roll() * 500) },
    // An access token that ended too early; a new one is bought.
    ...(path.startsWith('/api/token') ? [] : [{ kind: 'status', status: 401 } as const]),
    // The one that makes duplicates.
    ...(post ? [{ kind: 'cut-after' } as const, { kind: 'cut-after' } as const] : []),
  ];
  return faults[Math.floor(roll() * faults.length)] ?? null;
}

/** Rounds until the time is over, at least one. Throws when a run cannot be brought to its end without faults. */
export async function soak(options: SoakOptions): Promise<readonly Round[]> {
  const { labelStudio, proxy, projects, context, appUrl, milliseconds, tasksPerRound } = options;
  const roll = dice(options.seed);
  const rounds: Round[] = [];
  const end = Date.now() + milliseconds;
  while (rounds.length === 0 || Date.now() < end) {
    proxy.rule = () => null;
    proxy.up();
    const title = `Soak ${rounds.length + 1}`;
    const { id, taskIds } = await projects.make(title, tasksPerRound);
    let app = await AppPage.open(context, appUrl);
    await app.connect(proxy.url, labelStudio.pat);
    await app.choose(title);
    const before = total(proxy);
    proxy.rule = (asked) => randomFault(roll, asked);
    await app.start();
    let tabsKilled = 0;
    const faultsUntil = Date.now() + Math.min(20_000, milliseconds / 2);
    while (Date.now() < faultsUntil && (await app.phase()) !== 'done') {
      await sleep(300 + roll() * 1500);
      const fate = roll();
      if (fate < 0.1) {
        proxy.down();
        await sleep(roll() * 2000);
        proxy.up();
      } else if (fate < 0.2) {
        for (const worker of app.page.workers())
          await worker.evaluate(() => globalThis.close()).catch(() => undefined);
      } else if (fate < 0.3) {
        await app.page.close();
        tabsKilled += 1;
        proxy.rule = () => null;
        app = await AppPage.open(context, appUrl);
        await app.connect(proxy.url, labelStudio.pat);
        await app.choose(title);
        proxy.rule = (asked) => randomFault(roll, asked);
        await app.goOn();
      } else if ((await app.phase()) === 'failed' || (await app.phase()) === 'cancelled') {
        await app.start();
      }
    }
    const faults = total(proxy) - before;
    proxy.rule = () => null;
    await finish(app, labelStudio.pat);
    rounds.push({ expected: taskIds, found: await predictedTasks(labelStudio, id), faults, tabsKilled });
    await app.page.close();
  }
  return rounds;
}

/** With nothing in its way a run comes to its end, resumed or started again; then what failed is retried. */
async function finish(app: AppPage, token: string): Promise<void> {
  // After 401 twice in a row it waits for another token; the old one is good.
  if (await app.bar.getByRole('link', { name: 'New token' }).isVisible()) {
    await app.toRun();
    await app.page.getByLabel('Access token', { exact: true }).fill(token);
    await app.page.getByRole('button', { name: 'Connect', exact: true }).click();
  } else if ((await app.phase()) === 'paused') {
    await app.page.getByRole('button', { name: 'Resume' }).click();
  }
  await app.reaches(/done|failed|cancelled/u, 180_000);
  if ((await app.phase()) !== 'done') {
    await app.start();
    await app.reaches('done', 180_000);
  }
  await app.toRun();
  const retry = app.page.getByRole('button', { name: 'Retry failed' });
  if (!(await retry.isVisible())) return;
  await retry.click();
  await app.reaches(/preparing|running|posting/u, 5000).catch(() => undefined);
  await app.reaches('done', 180_000);
}

const total = (proxy: FaultProxy): number => [...proxy.made.values()].reduce((sum, n) => sum + n, 0);
