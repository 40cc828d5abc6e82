import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processExecutor } from '../../../../../src/relay/training/executors/processExecutor.ts';
import { poll } from '../patience.ts';

let folder: string;
let left: number | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forelabel-group-'));
});
afterEach(async () => {
  if (left !== undefined && isThere(left)) process.kill(left, 'SIGKILL');
  left = undefined;
  await rm(folder, { recursive: true, force: true });
});

const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Ends politely, and leaves a process of its group behind that does not. */
const leader = `
  import { spawn } from 'node:child_process';
  const deaf = "process.on('SIGTERM', () => {}); process.stdout.write('x'); setTimeout(() => {}, 60000)";
  const child = spawn(process.execPath, ['-e', deaf], { stdio: ['ignore', 'pipe', 'ignore'] });
  process.on('SIGTERM', () => process.exit(0));
  child.stdout.once('data', () => console.log(child.pid));
  setTimeout(() => {}, 60000);
`;

async function startLeader() {
  const script = join(folder, 'leader.mjs');
  await writeFile(script, leader);
  const executor = processExecutor({
    kind: 'local',
    commandLine: ({ jobFile }) =>
      Promise.resolve({ file: process.execPath, args: [script, jobFile], env: { PATH: process.env.PATH } }),
    patience: 2000,
  });
  const file = (name: string) => join(folder, name);
  const command = {
    module: 'train',
    jobFile: file('job.json'),
    eventsFile: file('events.jsonl'),
    logFile: file('log.txt'),
  } as const;
  const handle = await executor.start(command);
  await poll(async () => Number(await readFile(file('events.jsonl'), 'utf8'))).toBeGreaterThan(0);
  const pid = Number(await readFile(file('events.jsonl'), 'utf8'));
  left = pid;
  expect(isThere(pid)).toBe(true);
  return { executor, command, handle, pid };
}

describe.skipIf(process.platform === 'win32')('every process of a step’s group ends', () => {
  it('when the step is stopped', async () => {
    const { executor, handle, pid } = await startLeader();
    await executor.stop(handle);
    await poll(() => isThere(pid)).toBe(false);
  });

  it('when its leader is killed', async () => {
    const { handle, pid } = await startLeader();
    process.kill(handle.pid as number, 'SIGKILL');
    await poll(() => isThere(pid)).toBe(false);
  });

  it('when its leader is killed while a later relay waits for it', async () => {
    const { handle, command, pid } = await startLeader();
    // A relay that did not start it: the exit is not reported to this one.
    const later = processExecutor({
      kind: 'local',
      commandLine: () => Promise.reject(new Error('starts nothing')),
      interval: 20,
    });
    const end = later.wait(handle, command, new AbortController().signal);
    process.kill(handle.pid as number, 'SIGKILL');
    expect(await end).toEqual({ exitCode: null, signal: null });
    await poll(() => isThere(pid)).toBe(false);
  });
});
