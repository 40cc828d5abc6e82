import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Executor, StepCommand } from '../../../../../src/relay/training/contracts.ts';
import { torchrunExecutor } from '../../../../../src/relay/training/executors/torchrun.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forelabel-torchrun-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const step = (module: StepCommand['module']): StepCommand => ({
  module,
  jobFile: join(folder, 'job-1.json'),
  eventsFile: join(folder, 'events-1.jsonl'),
  logFile: join(folder, 'log.txt'),
});

/** A stand-in for Python that tells its arguments and its environment; asked for GPUs, it answers `gpus`. */
async function executor(options: {
  gpus?: number;
  found?: string;
  env?: NodeJS.ProcessEnv;
}): Promise<Executor> {
  const python = join(folder, 'python');
  const { gpus, found = 'exit 1', env } = options;
  await writeFile(python, `#!/bin/sh\n[ "$1" = -c ] && { ${found}; exit; }\necho "$@"\nenv >&2\nexit 3\n`);
  await chmod(python, 0o755);
  return torchrunExecutor({ python: () => python, gpus, env: { PATH: process.env.PATH, ...env } });
}

async function run(relay: Executor, command: StepCommand): Promise<string> {
  const handle = await relay.start(command);
  expect(await relay.wait(handle, command, new AbortController().signal)).toEqual({
    exitCode: 3,
    signal: null,
  });
  return (await readFile(command.eventsFile, 'utf8')).trim();
}

describe('torchrun', () => {
  it('trains with a process for each GPU', async () => {
    expect(await run(await executor({ gpus: 4 }), step('train'))).toBe(
      `-m torch.distributed.run --standalone --nproc_per_node=4 -m forelabel_trainer.train ${folder}/job-1.json`,
    );
  });

  it.each(['evaluate', 'export'] as const)('runs %s as one process', async (module) => {
    expect(await run(await executor({ gpus: 4 }), step(module))).toBe(
      `-m forelabel_trainer.${module} ${folder}/job-1.json`,
    );
  });

  it('takes all GPUs that PyTorch sees when it is told no number', async () => {
    expect(await run(await executor({ found: 'echo 8' }), step('train'))).toContain('--nproc_per_node=8 ');
  });

  it('needs no launcher for one', async () => {
    expect(await run(await executor({ found: 'echo 1' }), step('train'))).toMatch(
      /^-m forelabel_trainer.train /u,
    );
  });

  it.each([
    ['echo 0', 'no-gpu'],
    ['exit 1', 'trainer-not-started'],
  ])('starts nothing where the count of GPUs is "%s"', async (found, code) => {
    const relay = await executor({ found });
    await expect(relay.start(step('train'))).rejects.toMatchObject({ name: 'TrainingError', code });
    // Measuring needs none.
    expect(await run(relay, step('evaluate'))).toContain('forelabel_trainer.evaluate');
  });

  it('keeps secrets out of the environment', async () => {
    await run(
      await executor({ gpus: 2, env: { LABEL_STUDIO_API_KEY: 'a-secret', NCCL_DEBUG: 'WARN' } }),
      step('train'),
    );
    const env = await readFile(step('train').logFile, 'utf8');
    expect(env).toContain('NCCL_DEBUG=WARN');
    expect(env).toMatch(/PYTHONPATH=.*trainer/u);
    expect(env).not.toContain('a-secret');
  });
});
