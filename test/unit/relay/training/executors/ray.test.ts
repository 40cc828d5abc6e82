import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageFolder } from '../../../../../src/relay/home.ts';
import {
  InterruptedError,
  type Executor,
  type StepCommand,
} from '../../../../../src/relay/training/contracts.ts';
import { rayExecutor } from '../../../../../src/relay/training/executors/ray.ts';
import { rayEntryPoint } from '../../../../../src/relay/training/executors/rayEntryPoint.ts';
import { fakeRay, type FakeRay } from './fakeRay.ts';

const token = 'a-secret-of-the-cluster';
const never = () => new AbortController().signal;

let ray: FakeRay;
let folder: string;
let step: StepCommand;

beforeEach(async () => {
  ray = await fakeRay();
  folder = await mkdtemp(join(tmpdir(), "forelabel ray's "));
  const train = join(folder, '20261122-abc', 'train');
  await mkdir(train, { recursive: true });
  step = {
    module: 'train',
    jobFile: join(train, 'job-1.json'),
    eventsFile: join(train, 'events-1.jsonl'),
    logFile: join(folder, 'log.txt'),
  };
  await writeFile(step.jobFile, '{}');
  await writeFile(step.logFile, '');
});

afterEach(async () => {
  await ray.close();
  await rm(folder, { recursive: true, force: true });
});

const executor = (changes: object = {}): Executor =>
  rayExecutor({ address: ray.address, token, python: 'python3', pollMs: 5, patienceMs: 10_000, ...changes });

const ended = async (job: object) => {
  const relay = executor();
  const handle = await relay.start(step);
  ray.jobs.set(handle.submissionId as string, { status: 'FAILED', ...job });
  return relay.wait(handle, step, never());
};

describe('starting', () => {
  it('submits a job that is named for the step, with what it asks for', async () => {
    const handle = await executor({ cpus: 4, gpus: 2, env: { NCCL_DEBUG: 'WARN' } }).start(step);
    expect(handle).toEqual({
      submissionId: expect.stringMatching(/^forelabel-20261122-abc-train-job-1-[0-9a-f]{8}-1$/u) as string,
      address: ray.address,
    });
    expect(ray.submitted).toEqual([
      expect.objectContaining({
        submission_id: handle.submissionId,
        entrypoint: expect.stringContaining("'--nproc_per_node=2' '-m' 'forelabel_trainer.train'") as string,
        runtime_env: {
          env_vars: { NCCL_DEBUG: 'WARN', PYTHONPATH: join(folder, '20261122-abc/train/.shared/trainer') },
        },
        entrypoint_num_cpus: 4,
        entrypoint_num_gpus: 2,
      }),
    ]);
    expect(ray.seen.every(({ headers }) => headers.authorization === `Bearer ${token}`)).toBe(true);
    expect(JSON.stringify([handle, ray.submitted])).not.toContain(token);
  });

  it('needs no more of this machine than the job folder, which may be a link', async () => {
    const storage = join(folder, 'storage');
    const link = join(folder, 'jobs');
    await mkdir(join(storage, 'abc', 'train'), { recursive: true });
    await symlink(storage, link);
    const model = join(packageFolder, 'models', 'demo-face');
    const job = (at: string, base: object) => ({
      workDir: join(at, 'abc/train/work'),
      base,
      data: { train: { annotations: join(at, 'abc/dataset/train.json') } },
      classes: ['face', '/not a file'],
    });
    const linked: StepCommand = {
      module: 'train',
      jobFile: join(link, 'abc/train/job-1.json'),
      eventsFile: join(link, 'abc/train/events-1.jsonl'),
      logFile: join(link, 'abc/log.txt'),
    };
    const config = join(model, 'config.py');
    await writeFile(linked.jobFile, JSON.stringify(job(link, { config })));
    const handle = await executor().start(linked);

    const real = await realpath(storage);
    const shared = join(real, 'abc/train/.shared');
    const sent = JSON.parse(await readFile(join(shared, 'job-1.json'), 'utf8')) as {
      base: { config: string };
    };
    const copy = sent.base.config;
    expect(sent).toEqual(job(real, { config: copy }));
    expect(copy.startsWith(join(shared, 'files'))).toBe(true);
    expect(await readFile(copy, 'utf8')).toBe(await readFile(config, 'utf8'));
    await expect(readFile(join(shared, 'trainer/forelabel_trainer/train.py'))).resolves.toBeDefined();
    const entrypoint = ray.submitted[0]?.entrypoint;
    expect(entrypoint).toContain(join(real, 'abc/train/events-1.jsonl').replaceAll("'", `'\\''`));
    expect(entrypoint).not.toContain(link.replaceAll("'", `'\\''`));
    // Found again by the path that the relay knows.
    expect(await executor().find?.(linked)).toEqual(handle);
  });

  it('starts no second one when the answer to the first was lost', async () => {
    let lost = 0;
    ray.instead = (method, _url, response) => {
      if (method !== 'POST') return false;
      lost += 1;
      response.destroy();
      return true;
    };
    const handle = await executor().start(step);
    expect(lost).toBe(1);
    expect(ray.submitted).toHaveLength(1);
    expect(handle.submissionId).toBe(ray.submitted[0]?.submission_id);
  });

  it('takes up what runs, and begins anew after what has ended', async () => {
    const first = await executor().start(step);
    expect(await executor().start(step)).toEqual(first);
    expect(await executor().find?.(step)).toEqual(first);
    ray.jobs.set(first.submissionId as string, { status: 'STOPPED' });
    expect(await executor().find?.(step)).toBeNull();
    const second = await executor().start(step);
    expect(second.submissionId).toBe((first.submissionId as string).replace(/1$/u, '2'));
    expect(await executor().find?.(step)).toEqual(second);
  });

  it.each([
    [401, 'Unauthorized: Missing authentication token', 'ray-unauthorized'],
    [403, 'Forbidden: Invalid authentication token', 'ray-unauthorized'],
    [400, 'Traceback\nTypeError: entrypoint must be a string', 'ray-refused'],
    [404, '<html>Not here</html>', 'ray-answer'],
    [200, '<html>Label Studio</html>', 'ray-answer'],
    [200, '{"status": "FINE"}', 'ray-answer'],
  ])('says what an answer of %d %s means', async (status, text, code) => {
    ray.instead = (_method, _url, response) => {
      response.writeHead(status).end(text);
      return true;
    };
    const started = executor().start(step);
    await expect(started).rejects.toMatchObject({ name: 'TrainingError', code });
    await expect(started).rejects.not.toHaveProperty('message', expect.stringContaining(token));
    expect(ray.seen).toHaveLength(1);
  });

  it('says so when nobody is there', async () => {
    await ray.close();
    await expect(executor().start(step)).rejects.toMatchObject({
      code: 'ray-unreachable',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  it.each(['head:8265', 'ray://head:10001', 'http://me:pass@head:8265'])('refuses %s', async (address) => {
    const started = executor({ address }).start(step);
    await expect(started).rejects.toMatchObject({ code: 'ray-address' });
    await expect(started).rejects.not.toHaveProperty('message', expect.stringContaining('pass@'));
  });

  it('keeps the token from the address of a step that was started under other settings', async () => {
    const handle = await executor({ address: ray.address.replace('127.0.0.1', 'localhost') }).start(step);
    ray.seen.length = 0;
    await executor().isRunning(handle);
    expect(ray.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });
});

describe('waiting', () => {
  it.each([
    [
      { status: 'SUCCEEDED', driver_exit_code: 0 },
      { exitCode: 0, signal: null },
    ],
    [{ status: 'STOPPED' }, { exitCode: 143, signal: null }],
    [{ driver_exit_code: 1 }, { exitCode: 1, signal: null }],
    [{ driver_exit_code: -9 }, { exitCode: null, signal: 'SIGKILL' }],
    [
      { message: 'Job entrypoint command failed with exit code 3, last available logs:\nx' },
      { exitCode: 3, signal: null },
    ],
  ])('%o ends as %o', async (job, end) => {
    expect(await ended(job)).toEqual(end);
  });

  it.each([
    ['JOB_SUPERVISOR_ACTOR_START_TIMEOUT', 'ray-no-resources'],
    ['RUNTIME_ENV_SETUP_FAILURE', 'ray-environment'],
    ['JOB_SUPERVISOR_ACTOR_DIED', 'ray-node-lost'],
    ['SOMETHING_NEW', 'ray-failed'],
  ])('%s is told as %s, and the log has what Ray said', async (error_type, code) => {
    const said = { error_type, message: 'It did not work.\n', logs: 'Traceback ...' };
    const error: unknown = await ended(said).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringContaining('It did not work.') as string });
    // Only a node that went away is no reason to look for a mistake.
    expect(error instanceof InterruptedError).toBe(code === 'ray-node-lost');
    expect(await readFile(step.logFile, 'utf8')).toMatch(/It did not work.\s+Traceback/u);
  });

  it('outlasts a head that restarts, and tells in the log', async () => {
    const relay = executor();
    const handle = await relay.start(step);
    let left = 3;
    ray.instead = (_method, _url, response) => {
      if (left-- <= 0) {
        ray.jobs.set(handle.submissionId as string, { status: 'SUCCEEDED' });
        return false;
      }
      if (left % 2 === 0) response.destroy();
      else response.writeHead(502).end('Bad gateway');
      return true;
    };
    expect(await relay.wait(handle, step, never())).toEqual({ exitCode: 0, signal: null });
    const log = await readFile(step.logFile, 'utf8');
    expect(log).toMatch(
      /^The Ray cluster at \S+ (?:does not answer|has trouble).*\nThe Ray cluster answers again\.\n$/u,
    );
  });

  it('gives up a cluster that stays silent', async () => {
    const relay = executor({ patienceMs: 50 });
    const handle = await relay.start(step);
    await ray.close();
    const lost: unknown = await relay.wait(handle, step, never()).catch((error: unknown) => error);
    expect(lost).toBeInstanceOf(InterruptedError);
    expect(lost).toHaveProperty('code', 'ray-unreachable');
  });

  it('nobody knows the end of a step that the cluster has forgotten', async () => {
    const relay = executor();
    const handle = await relay.start(step);
    ray.jobs.clear();
    expect(await relay.wait(handle, step, never())).toEqual({ exitCode: null, signal: null });
    expect(await relay.isRunning(handle)).toBe(false);
  });

  it('ends with its signal, in the middle of a request too', async () => {
    const relay = executor();
    const handle = await relay.start(step);
    ray.instead = () => true;
    const leaving = new AbortController();
    const waiting = relay.wait(handle, step, leaving.signal);
    setTimeout(() => leaving.abort(new Error('the relay ends')), 30);
    await expect(waiting).rejects.toThrow('the relay ends');
    expect(ray.seen.some(({ url }) => url.endsWith('/stop'))).toBe(false);
  });
});

describe('a step whose cluster is silent', () => {
  it('counts as running', async () => {
    const relay = executor();
    const handle = await relay.start(step);
    await ray.close();
    expect(await relay.isRunning(handle)).toBe(true);
  });
});

describe('the entry point', () => {
  /** What a node makes of it, with a Python that tells its arguments. */
  const run = (command: StepCommand, python: string) =>
    spawnSync('/bin/sh', ['-c', rayEntryPoint(command, python, 0)], { encoding: 'utf8' });

  const python = async () => {
    const file = join(folder, 'python $HOME');
    await writeFile(file, '#!/bin/sh\nprintf "%s|" "$@"\necho said >&2\nkill -TERM $$\n');
    await chmod(file, 0o755);
    return file;
  };

  it('runs in the place of the shell, with any path', async () => {
    const { signal, stdout } = run(step, await python());
    expect(signal).toBe('SIGTERM');
    expect(await readFile(step.eventsFile, 'utf8')).toBe(`-m|forelabel_trainer.train|${step.jobFile}|`);
    expect(await readFile(step.logFile, 'utf8')).toBe('said\n');
    expect(stdout).toBe(`forelabel: found the job on ${execFileSync('uname', ['-n'], { encoding: 'utf8' })}`);
  });

  it.each([
    ['no-shared-folder', 'jobFile'],
    ['no-shared-output', 'eventsFile'],
    ['no-python', 'python'],
  ])('looks first: %s', async (finding, missing) => {
    const nowhere = join(step.logFile, 'below a file');
    const file = missing === 'python' ? nowhere : await python();
    const { status, stdout } = run({ ...step, [missing]: nowhere }, file);
    expect(status).toBe(66);
    expect(stdout).toMatch(new RegExp(`^forelabel: ${finding} on `, 'u'));
  });

  it('what it found is told in words, and the words of its own text are not', async () => {
    const quoted = 'Running entrypoint for job x: unfit() { ... unfit no-python on';
    const message = `Job entrypoint command failed with exit code 66, last available logs:\n${quoted}\nforelabel: no-shared-folder on worker-7\n`;
    await expect(ended({ driver_exit_code: 66, message })).rejects.toMatchObject({
      code: 'ray-no-shared-folder',
      message: expect.stringContaining('worker-7') as string,
    });
  });
});
