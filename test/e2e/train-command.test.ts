/** `forelabel train` and `jobs` beside a running Forelabel: who works, who only watches. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '../../src/training/job.ts';
import { annotate, projectWithImages, type ProjectWithTasks } from '../support/annotatedProject.ts';
import { drawShapes, shapeNames } from '../support/drawnShapes.ts';
import { forelabelCommand, startForelabel, type ForelabelServer } from '../support/forelabelServer.ts';
import { startLabelStudio, type LabelStudioServer } from '../support/labelStudioServer.ts';

let home: string;
let labelStudio: LabelStudioServer;
let project: ProjectWithTasks;
let relay: ForelabelServer;

const access = () => ({ LABEL_STUDIO_URL: labelStudio.url, LABEL_STUDIO_API_KEY: labelStudio.pat });

const start = (args: readonly string[], env: Readonly<Record<string, string>> = access()) =>
  execa(process.execPath, [forelabelCommand, ...args], {
    reject: false,
    env: { FORELABEL_HOME: home, ...env },
  });

async function forelabel(args: readonly string[], env?: Readonly<Record<string, string>>) {
  const { exitCode, stdout, stderr } = await start(args, env);
  return { exitCode, stdout, stderr };
}

const jobs = async () => JSON.parse((await forelabel(['jobs', '--json'])).stdout) as readonly Job[];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'forelabel-train-'));
  labelStudio = await startLabelStudio();
  const images = await Promise.all(Array.from({ length: 6 }, (_, index) => drawShapes(index)));
  project = await projectWithImages(labelStudio, 'Shapes', shapeNames, images);
  for (const [index, task] of project.tasks.entries()) {
    const image = images[index];
    if (image) await annotate(labelStudio, task, image);
  }
  relay = await startForelabel({ home, env: access() });
});
afterAll(async () => {
  await relay.stop();
  await labelStudio.stop();
  await rm(home, { recursive: true, force: true });
});

describe('forelabel train', () => {
  it('names the variables that are missing', async () => {
    const none = await forelabel(['train', '--project', '1'], { LABEL_STUDIO_URL: '' });
    expect(none).toMatchObject({ exitCode: 2, stdout: '' });
    expect(none.stderr).toContain('LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY');
    const half = await forelabel(['train', '--project', '1'], { LABEL_STUDIO_URL: labelStudio.url });
    expect(half.exitCode).toBe(2);
    expect(half.stderr).toContain(`no token for Label Studio at ${labelStudio.url}`);
  });

  it('says that a project is not there', async () => {
    const run = await forelabel(['train', '--project', '4711']);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).not.toContain(labelStudio.pat);
    expect(await jobs()).toEqual([]);
  });

  it('hands the job to the Forelabel that runs, and comes back at once', async () => {
    const run = await forelabel(['train', '--project', String(project.id), '--epochs', '200']);
    expect(run.exitCode, run.stderr).toBe(0);
    const answer = JSON.parse(run.stdout) as { readonly job: string; readonly state: string };
    expect(answer.state).toBe('queued');
    const [job] = await jobs();
    expect(job).toMatchObject({ id: answer.job, project: project.id, epochs: 200, trigger: 'person' });

    const again = await forelabel(['train', '--project', String(project.id), '--wait']);
    expect(again.exitCode).toBe(1);
    expect(again.stderr).toContain(answer.job);
  });

  it('only stops watching on Ctrl+C what another process works on', async () => {
    const [job] = await jobs();
    const watching = start(['jobs', 'watch', job?.id ?? '']);
    const said = new Promise<void>((resolve) => {
      watching.stderr.once('data', () => resolve());
    });
    await said;
    watching.kill('SIGINT');
    const { exitCode, stderr } = await watching;
    expect(exitCode).toBe(130);
    expect(stderr).toContain('No longer watching');
    expect((await jobs())[0]?.state).not.toBe('cancelled');
  });

  it('cancels by name, and knows what has ended', async () => {
    const id = (await jobs())[0]?.id ?? '';
    const cancel = await forelabel(['jobs', 'cancel', id]);
    expect(cancel.exitCode, cancel.stderr).toBe(0);
    expect((await jobs())[0]).toMatchObject({ id, state: 'cancelled' });
    const twice = await forelabel(['jobs', 'cancel', id]);
    expect(twice.exitCode).toBe(1);
    expect(twice.stderr).toContain('ended already');
    expect((await forelabel(['jobs', 'cancel', 'nonsense'])).stderr).toContain('forelabel jobs');
    const listed = await forelabel(['jobs']);
    expect(listed.stdout).toMatch(new RegExp(`^${id} +cancelled +project ${project.id}`, 'u'));
  });
});
