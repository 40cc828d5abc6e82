import { expect, it } from 'vitest';
import { startLineProcess } from '../../bench/engines/lineProcess.ts';

/** A process that answers each line with itself, and whose name is its own number. */
const echo = `
console.log(JSON.stringify({ device: String(process.pid), threads: 1, versions: {} }));
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => console.log(line));
`;
const start = (script: string) => startLineProcess(process.execPath, ['-e', script], {});
const lives = (id: number): boolean => {
  try {
    return process.kill(id, 0);
  } catch {
    return false;
  }
};

it('asks, and ends the process', async () => {
  const running = await start(echo);
  await expect(running.ask({ call: 1 })).resolves.toEqual({ call: 1 });
  await running.end();
  expect(lives(Number(running.device))).toBe(false);
});

it('is through with a process that a signal has ended', { timeout: 5000 }, async () => {
  const killed = await start(echo);
  process.kill(Number(killed.device), 'SIGKILL');
  await expect(killed.ask({})).rejects.toThrow(/ended/u);
  await killed.end();
  await killed.end();
});

it('says why nothing runs, and leaves no process', async () => {
  const refuses = `console.log(JSON.stringify({ error: 'no GPU for ' + process.pid })); setInterval(() => {}, 1000);
    process.stdin.on('end', () => process.exit()).resume();`;
  const said = await start(refuses).then(() => '', String);
  const id = /no GPU for (\d+)/u.exec(said)?.[1];
  expect(lives(Number(id))).toBe(false);
});

it('says so when the program is not there', async () => {
  await expect(startLineProcess('/nowhere/python', ['peer.py'], {})).rejects.toThrow(
    /by hand: \/nowhere\/python peer\.py/u,
  );
});
