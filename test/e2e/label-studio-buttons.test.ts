/**
 * Label Studio's own page in Chromium, with the relay as its model: Connect Model, Start Training, open a
 * task. The training is real, and the relay dies in the middle of it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Browser, type Page } from 'playwright-core';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobListSchema } from '../../src/training/api.ts';
import { isEnded, type Job } from '../../src/training/job.ts';
import {
  annotate,
  projectWithImages,
  storedBoxes,
  type ProjectWithTasks,
} from '../support/annotatedProject.ts';
import { chromiumFlagsWithoutGpu, chromiumPath } from '../support/chromium.ts';
import { drawShapes, shapeNames, type AnnotatedImage } from '../support/drawnShapes.ts';
import { startForelabel, type ForelabelServer } from '../support/forelabelServer.ts';
import { logInToPage } from '../support/labelStudioPage.ts';
import { startLabelStudio, type LabelStudioServer } from '../support/labelStudioServer.ts';

const annotated = 14;
let home: string;
let labelStudio: LabelStudioServer;
let forelabel: ForelabelServer;
let browser: Browser;
let page: Page;
let images: readonly AnnotatedImage[];
let project: ProjectWithTasks;

const serve = (port?: number) =>
  startForelabel({
    home,
    ...(port !== undefined && { port }),
    env: { LABEL_STUDIO_URL: labelStudio.url, LABEL_STUDIO_API_KEY: labelStudio.pat },
  });

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'forelabel-buttons-'));
  // What `forelabel doctor` tells a user to set: Label Studio refuses loopback addresses otherwise.
  labelStudio = await startLabelStudio({
    env: { ML_BLOCK_LOCAL_IP: 'false', SSRF_PROTECTION_ENABLED: 'false' },
  });
  forelabel = await serve();
  images = await Promise.all(Array.from({ length: 18 }, (_, index) => drawShapes(index)));
  project = await projectWithImages(labelStudio, 'Shapes', shapeNames, images);
  for (const [index, task] of project.tasks.slice(0, annotated).entries()) {
    const image = images[index];
    if (image) await annotate(labelStudio, task, image);
  }
  browser = await chromium.launch({ executablePath: chromiumPath(), args: [...chromiumFlagsWithoutGpu] });
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await logInToPage(page, labelStudio.url);
});
afterAll(async () => {
  await browser.close();
  await forelabel.stop();
  await labelStudio.stop();
  await rm(home, { recursive: true, force: true });
});

async function jobs(): Promise<readonly Job[]> {
  const answer = await fetch(`${forelabel.url}/api/jobs`);
  return v.parse(jobListSchema, await answer.json()).jobs;
}

async function jobWhen(wanted: (job: Job) => boolean, seconds: number): Promise<Job> {
  for (const deadline = Date.now() + seconds * 1000; ;) {
    const [job] = await jobs();
    if (job && wanted(job)) return job;
    if (Date.now() > deadline || (job && isEnded(job)))
      throw new Error(`Waited in vain: ${JSON.stringify(job)}`);
    await sleep(250);
  }
}

describe("Label Studio's own buttons", () => {
  it('connects the relay as a model', async () => {
    await page.goto(`${labelStudio.url}/projects/${project.id}/settings/ml`);
    await page.locator('button:has-text("Connect Model")').click();
    await page.locator('input[name=title]').last().fill('Forelabel');
    await page.locator('input[name=url]').fill(forelabel.url);
    await page.locator('button:has-text("Validate and Save")').click();
    await page.getByText('Connected', { exact: true }).waitFor();
  });

  it('starts a training, which the death of the relay does not end', async () => {
    await page.getByRole('button', { name: 'Machine learning model options' }).click();
    await page.getByText('Start Training', { exact: true }).click();
    await page.locator('button:has-text("Start Training")').click();
    const started = await jobWhen(
      ({ state, progress }) => state === 'training' && (progress?.done ?? 0) > 0,
      180,
    );
    expect(started).toMatchObject({ trigger: 'label-studio', project: project.id });

    const { port } = forelabel;
    await forelabel.kill();
    forelabel = await serve(port);

    const ended = await jobWhen(({ state }) => state === 'done', 300);
    expect(ended.id).toBe(started.id);
    expect(ended.metrics.new?.AP50).toBeGreaterThan(ended.metrics.base?.AP50 ?? 0);
  }, 600_000);

  it('shows the new model’s boxes when a task is opened', async () => {
    const [job] = await jobs();
    const version = job?.model ?? '';
    const task = project.tasks.at(-1) ?? 0;
    await page.goto(`${labelStudio.url}/projects/${project.id}/data?task=${task}`);
    await page.getByText(version).first().waitFor();
    const { boxes } = await storedBoxes(labelStudio, project.id, version);
    expect(boxes.map((box) => box.task)).toContain(task);
  });
});
