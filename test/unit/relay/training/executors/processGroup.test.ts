import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
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

it.skipIf(process.platform === 'win32')('stopping a step ends every process of its group', async () => {
  const script = join(folder, 'leader.mjs');
  await writeFile(script, leader);
  const executor = processExecutor({
    kind: 'local',
    commandLine: ({ jobFile }) =>
      Promise.resolve({ file: process.execPath, args: [script, jobFile], env: { PATH: process.env.PATH } }),
    patience: 2000,
  });
  const file = (name: string) => join(folder, name);
  const handle = await executor.start({
    module: 'train',
    jobFile: file('job.json'),
    eventsFile: file('events.jsonl'),
    logFile: file('log.txt'),
  });
  await poll(async () => Number(await readFile(file('events.jsonl'), 'utf8'))).toBeGreaterThan(0);
  left = Number(await readFile(file('events.jsonl'), 'utf8'));
  expect(isThere(left)).toBe(true);
  await executor.stop(handle);
  const pid = left;
  await poll(() => isThere(pid)).toBe(false);
});
