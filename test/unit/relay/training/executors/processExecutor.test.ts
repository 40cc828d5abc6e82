import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StepCommand } from '../../../../../src/relay/training/contracts.ts';
import { processExecutor } from '../../../../../src/relay/training/executors/processExecutor.ts';

let folder: string;
let step: StepCommand;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forelabel process-'));
  step = {
    module: 'train',
    jobFile: join(folder, 'train', 'job-1.json'),
    eventsFile: join(folder, 'events-1.jsonl'),
    logFile: join(folder, 'log.txt'),
  };
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  }
  await rm(folder, { recursive: true, force: true });
});

const executor = (file: string, ...args: readonly string[]) =>
  processExecutor({ kind: 'local', commandLine: () => Promise.resolve({ file, args, env: process.env }) });

const never = () => new AbortController().signal;

describe('a step that ends at once', () => {
  it('is heard of, however early', async () => {
    const command = { ...step, jobFile: join(folder, 'job-1.json') };
    const relay = executor('/bin/sh', '-c', 'exit 5');
    for (let time = 0; time < 40; time++) {
      const handle = await relay.start(command);
      const end = await Promise.race([relay.wait(handle, command, never()), late(5000)]);
      expect(end).toEqual({ exitCode: 5, signal: null });
    }
  }, 30_000);

  it('that cannot even begin is said', async () => {
    const command = { ...step, jobFile: join(folder, 'job-1.json') };
    await expect(executor(join(folder, 'nothing')).start(command)).rejects.toMatchObject({
      code: 'trainer-not-started',
    });
  });
});

describe('a step whose handle was lost', () => {
  /** A leader of a process group with this command line. */
  const run = async (script: string, ...args: readonly string[]): Promise<number> => {
    const file = join(folder, 'script.mjs');
    await writeFile(file, script);
    const child = spawn(process.execPath, [file, ...args], {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    await once(child.stdout, 'data');
    return child.pid ?? 0;
  };
  const waits = "console.log('ready'); setInterval(() => {}, 60_000);";
  const waitsForParent = "console.log('ready'); process.stdin.on('end', () => process.exit()).resume();";
  /** As torchrun does: its process has the same words at its end, and a session of its own. */
  const launches = `
    import { spawn } from 'node:child_process';
    const args = ['-e', ${JSON.stringify(waitsForParent)}, '--', ...process.argv.slice(2)];
    const child = spawn(process.execPath, args, { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdout.once('data', () => console.log('ready'));`;
  const find = () => executor('none').find?.(step);

  it('is found by its module and its job file', async () => {
    const pid = await run(waits, '-m', 'forelabel_trainer.train', step.jobFile);
    expect(await find()).toMatchObject({ pid });
  });

  it.each([
    ['somebody who looks at the job file', (jobFile: string) => [jobFile]],
    ['another module', (jobFile: string) => ['-m', 'forelabel_trainer.export', jobFile]],
    ['another attempt', (jobFile: string) => ['-m', 'forelabel_trainer.train', `${jobFile}.old`]],
    ['a longer path', (jobFile: string) => ['-m', 'forelabel_trainer.train', `/elsewhere${jobFile}`]],
  ])('is not %s', async (_what, args) => {
    await run(waits, ...args(step.jobFile));
    expect(await find()).toBeNull();
  });

  it('is the launcher, not one of its processes', async () => {
    const pid = await run(launches, '-m', 'forelabel_trainer.train', step.jobFile);
    expect(await find()).toMatchObject({ pid });
  });
});

function late(ms: number): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve('Nobody heard of its end.'), ms).unref());
}
