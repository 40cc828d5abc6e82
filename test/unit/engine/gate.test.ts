import { expect, test } from 'vitest';
import { Gate } from '../../../src/engine/client/gate.ts';

const { signal } = new AbortController();

/** Work that says when it begins, and ends when it is let. */
function work(log: string[], name: string) {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const run = async () => {
    log.push(name);
    await ended;
    return name;
  };
  return { run, end };
}
const turn = () => new Promise((resolve) => setTimeout(resolve));

test('many are inside together; who wants to be alone waits for them, and who comes later waits too', async () => {
  const gate = new Gate();
  const log: string[] = [];
  const [a, b, alone, c] = ['a', 'b', 'alone', 'c'].map((name) => work(log, name));
  if (!a || !b || !alone || !c) throw new Error('four of them');
  const ends = [gate.pass(a.run, signal), gate.pass(b.run, signal), gate.alone(alone.run)];
  ends.push(gate.pass(c.run, signal));
  await turn();
  expect(log).toEqual(['a', 'b']);
  a.end();
  await turn();
  expect(log).toEqual(['a', 'b']);
  b.end();
  await turn();
  expect(log).toEqual(['a', 'b', 'alone']);
  alone.end();
  await turn();
  expect(log).toEqual(['a', 'b', 'alone', 'c']);
  c.end();
  expect(await Promise.all(ends)).toEqual(['a', 'b', 'alone', 'c']);
});

test('whatever fails inside, the next one gets in', async () => {
  const gate = new Gate();
  const broken = () => Promise.reject(new Error('broken'));
  await expect(gate.pass(broken, signal)).rejects.toThrow('broken');
  await expect(gate.alone(broken)).rejects.toThrow('broken');
  await expect(gate.pass(() => Promise.resolve(1), signal)).resolves.toBe(1);
});
