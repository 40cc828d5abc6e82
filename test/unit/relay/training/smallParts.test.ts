import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendEvent, EventReader, passedOn } from '../../../../src/relay/training/eventLog.ts';
import { trainerEnvironment } from '../../../../src/relay/training/executors/local.ts';
import { readLog } from '../../../../src/relay/training/jobLog.ts';
import { modelNameFor } from '../../../../src/relay/training/modelName.ts';
import { Pace } from '../../../../src/relay/training/pace.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forelabel-parts-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const note = (code: string) => ({ type: 'note', code, message: 'A note.' }) as const;

describe("a job's events", () => {
  it('are numbered by their lines, also when several write', async () => {
    const file = join(folder, 'events.jsonl');
    const reader = new EventReader(file);
    appendEvent(file, note('a'));
    appendEvent(file, note('b'), { file: 'train', end: 17 });
    expect((await reader.read()).map(({ seq, event }) => [seq, event])).toEqual([
      [1, note('a')],
      [2, note('b')],
    ]);
    appendEvent(file, note('c'), { file: 'other', end: 99 });
    expect((await reader.read()).map(({ seq }) => seq)).toEqual([3]);
    expect((await new EventReader(file).read(1)).map(({ seq }) => seq)).toEqual([2, 3]);
    expect(await passedOn(file, 'train')).toBe(17);
    expect(await passedOn(file, 'nothing')).toBe(0);
  });

  it('survive half a line of a writer that died or had no space', async () => {
    const file = join(folder, 'events.jsonl');
    appendEvent(file, note('a'));
    await writeFile(file, '{"time": "20', { flag: 'a' });
    appendEvent(file, note('b'));
    expect((await new EventReader(file).read()).map(({ seq, event }) => [seq, event])).toEqual([
      [1, note('a')],
      [3, note('b')],
    ]);
  });

  it('of a removed job go nowhere', async () => {
    const file = join(folder, 'gone', 'events.jsonl');
    appendEvent(file, note('a'));
    await expect(readFile(file)).rejects.toThrow('ENOENT');
  });
});

describe('the log', () => {
  it('is the same in pieces, cut between characters', async () => {
    const file = join(folder, 'log.txt');
    // 256 kB ends inside one of these characters, whatever stands before.
    for (const before of ['', 'a', 'ab', 'abc']) {
      const text = before + '€😀é'.repeat(60_000);
      await writeFile(file, text);
      let read = '';
      for (
        let piece = await readLog(file, 0);
        piece !== '';
        piece = await readLog(file, Buffer.byteLength(read))
      ) {
        expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(256 * 1024);
        read += piece;
      }
      expect(read).toBe(text);
    }
  });

  it('that nobody has written yet is empty', async () => {
    expect(await readLog(join(folder, 'none'), 0)).toBe('');
  });
});

describe("a model's name", () => {
  it.each([
    ['Blood cells (2)', 'blood-cells-2'],
    ['  Réseau À neurones ', 'reseau-a-neurones'],
    ['画像', 'project-12'],
    ['', 'project-12'],
    [`${'a'.repeat(39)} b`, 'a'.repeat(39)],
  ])('of %j is %s', (title, name) => {
    expect(modelNameFor(title, 12)).toBe(name);
  });

  it('is one that a manifest takes, whatever the title', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (title) => {
        expect(modelNameFor(title, 3)).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u);
      }),
    );
  });
});

it("the trainer's environment holds no secret", () => {
  const env = {
    PATH: '/bin',
    LABEL_STUDIO_API_KEY: 'x',
    RAY_AUTH_TOKEN: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    DB_PASSWORD: 'x',
    CUDA_VISIBLE_DEVICES: '0',
  };
  const { PYTHONPATH, ...rest } = trainerEnvironment(env);
  expect(rest).toEqual({ PATH: '/bin', CUDA_VISIBLE_DEVICES: '0', OMP_WAIT_POLICY: 'PASSIVE' });
  expect(PYTHONPATH).toMatch(/src.trainer$/u);
});

it('the time left follows what was seen, not what was done before', () => {
  const pace = new Pace();
  expect(pace.secondsFor(90, 10, 0)).toBeNull();
  expect(pace.secondsFor(80, 20, 5000)).toBe(40);
});
