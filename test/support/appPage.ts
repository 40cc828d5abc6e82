/** The app in a tab, as a person drives it to run a project. */
import type { BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import * as v from 'valibot';
import type { LabelStudioAdmin } from './labelStudioAdmin.ts';
import { sampleBytes } from './samples.ts';

export class AppPage {
  readonly page: Page;
  readonly #url: string;

  private constructor(page: Page, url: string) {
    this.page = page;
    this.#url = url;
  }

  static async open(context: BrowserContext, url: string): Promise<AppPage> {
    // Its own engine and not the relay's: what breaks in a page is to break here.
    await context.addInitScript("localStorage.setItem('forelabel-engine', 'wasm')");
    const page = await context.newPage();
    await page.goto(url);
    return new AppPage(page, url);
  }

  async connect(address: string, token: string): Promise<void> {
    await this.page.goto(`${this.#url}/#/source`);
    const open = this.page.getByRole('button', { name: 'Connect Label Studio' });
    if (await open.isVisible()) await open.click();
    await this.page.getByLabel('Address').fill(address);
    await this.page.getByLabel('Access token', { exact: true }).fill(token);
    await this.page.getByRole('button', { name: 'Connect', exact: true }).click();
    await this.page.getByRole('button', { name: 'Refresh' }).waitFor();
  }

  async choose(title: string): Promise<void> {
    await this.page.goto(`${this.#url}/#/source`);
    await this.page.getByRole('button', { name: 'Refresh' }).click();
    const project = this.page.getByRole('button', { name: new RegExp(`^${title}\\s*#`, 'u') });
    await project.click();
    await this.page.waitForURL(/#\/model/u);
  }

  async toRun(): Promise<void> {
    await this.page.goto(`${this.#url}/#/run`);
  }

  /** Presses the button that starts a run. */
  async start(): Promise<void> {
    await this.toRun();
    // The bar of a run before would be taken for this one's.
    const away = this.bar.getByRole('button', { name: 'Put the run bar away' });
    if (await away.isVisible()) await away.click();
    await this.page.getByRole('button', { name: 'Run and post' }).click();
  }

  /** In the tab after one that was killed: its run goes on by itself, or is offered, or had ended just then. */
  async goOn(): Promise<void> {
    await this.toRun();
    const going = this.page.getByText('Going on with the run that was broken off.');
    const offer = this.page.getByRole('button', { name: 'Go on where it was' });
    const seen = await going
      .or(offer)
      .waitFor({ timeout: 5000 })
      .then(
        () => true,
        () => false,
      );
    if (!seen) await this.start();
    else if (await offer.isVisible()) await offer.click();
  }

  get bar() {
    return this.page.getByTestId('run-bar');
  }

  async phase(): Promise<string> {
    return (await this.bar.count()) === 0 ? '' : ((await this.bar.getAttribute('data-phase')) ?? '');
  }

  async reaches(phase: string | RegExp, timeout = 60_000): Promise<void> {
    await expect.poll(() => this.phase(), { timeout, interval: 50 }).toMatch(phase);
  }

  /** Images that the run has dealt with. */
  async passed(): Promise<number> {
    if ((await this.bar.count()) === 0) return 0;
    return Number(/([\d,]+) of/u.exec(await this.bar.innerText())?.[1]?.replaceAll(',', '') ?? 0);
  }
}

const configOf = (label: string): string => `<View><Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image"><Label value="${label}"/></RectangleLabels></View>`;

/** Projects whose tasks all point at a few uploaded images. */
export interface Projects {
  make(title: string, tasks: number): Promise<{ readonly id: number; readonly taskIds: readonly number[] }>;
}

/** Uploads the images; `label` is what the projects draw. */
export async function sharedImages(labelStudio: LabelStudioAdmin, label = 'Face'): Promise<Projects> {
  const labelConfig = configOf(label);
  const store = await labelStudio.createProject({ title: 'Images of others', labelConfig });
  const names = ['library.jpg', 'empty.jpg', 'call.jpg', 'hills.jpg'];
  const files = await Promise.all(names.map(async (name) => ({ name, data: await sampleBytes(name) })));
  const [first] = await labelStudio.importImageFiles(store, files);
  const listed = v.parse(
    v.object({ tasks: v.array(v.object({ data: v.object({ image: v.string() }) })) }),
    await (await labelStudio.admin(`/api/tasks?project=${store}&fields=all`)).json(),
  );
  const images = listed.tasks.map(({ data }) => data.image);
  if (first === undefined || images.length !== names.length) throw new Error('The images were not taken.');
  return {
    async make(title, tasks) {
      const id = await labelStudio.createProject({ title, labelConfig });
      const taskIds: number[] = [];
      for (let start = 0; start < tasks; start += 2500) {
        const part = Array.from({ length: Math.min(2500, tasks - start) }, (_, i) => ({
          data: { image: images[(start + i) % images.length] },
        }));
        taskIds.push(...(await labelStudio.importTasks(id, part)));
      }
      return { id, taskIds };
    },
  };
}

const predictionSchema = v.array(v.object({ task: v.number(), model_version: v.string() }));

/** The task of every prediction that a project holds, sorted: one that is there twice is in the list twice. */
export async function predictedTasks(labelStudio: LabelStudioAdmin, projectId: number): Promise<number[]> {
  const answer = await labelStudio.admin(`/api/predictions/?project=${projectId}`);
  return v
    .parse(predictionSchema, await answer.json())
    .map(({ task }) => task)
    .sort((a, b) => a - b);
}
