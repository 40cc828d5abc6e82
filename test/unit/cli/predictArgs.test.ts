import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/cli/errors.ts';
import { readPredictArgs } from '../../../src/cli/predictArgs.ts';
import { readServeArgs } from '../../../src/cli/serveArgs.ts';

const env = { LABEL_STUDIO_URL: 'http://localhost:8080', LABEL_STUDIO_API_KEY: 'a-token' };
const read = (line: string, variables: NodeJS.ProcessEnv = env) =>
  readPredictArgs(
    line.split(' ').filter((part) => part !== ''),
    variables,
  );

/** The error of a wrong line: message and hint in one text. */
function complaint(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof UsageError) return `${error.message} ${error.hint}`;
    throw error;
  }
  throw new Error('It was accepted.');
}

describe('predict over files', () => {
  it('needs a model and a goal, and fills in the rest', () => {
    expect(read('photos --model demo-face --out boxes.jsonl')).toEqual({
      model: 'demo-face',
      engine: 'native',
      format: 'jsonl',
      threshold: 0.3,
      out: 'boxes.jsonl',
      from: { kind: 'paths', paths: ['photos'] },
    });
  });

  it('takes every engine, format and threshold that the help names', () => {
    const line = 'a.jpg b.jpg --model ./m --engine webgpu --format voc --threshold 0 --out labels';
    expect(read(line)).toMatchObject({ engine: 'webgpu', format: 'voc', threshold: 0, out: 'labels' });
    expect(read('a --model m --threshold 1 --format coco --out -')).toMatchObject({ threshold: 1, out: '-' });
  });

  it.each([
    ['photos --out o', /--model demo-face/u],
    ['photos --model m', /--out PATH/u],
    ['--model m --out o', /Name a folder/u],
    ['photos --model m --out o --engine cuda', /"cuda".*native, wasm, webgpu/u],
    ['photos --model m --out o --format csv', /"csv".*jsonl, coco, labelstudio, yolo, voc/u],
    ['photos --model m --out o --threshold 30', /--threshold 30.*0 to 1/u],
    ['photos --model m --out o --threshold high', /--threshold high/u],
    ['photos --model m --out - --format yolo', /yolo.*--out FOLDER/u],
    ['photos --model m --out o --post', /--post.*--project N/u],
    ['photos --model m --out o --only-unlabeled', /--only-unlabeled/u],
    ['photos --model m --out o --shard 1/2', /--shard/u],
    ['photos --model m --out o --fast', /--fast.*help predict/u],
    ['photos --model', /--model.*help predict/u],
  ])('refuses "%s" and says what to write', (line, expected) => {
    expect(complaint(() => read(line))).toMatch(expected);
  });
});

describe('predict over a project', () => {
  it('takes address and token from the variables of Label Studio', () => {
    expect(read('--project 7 --model m --post --only-unlabeled --shard 2/3')).toMatchObject({
      out: null,
      from: {
        kind: 'project',
        project: {
          id: 7,
          url: 'http://localhost:8080',
          token: 'a-token',
          post: true,
          tasks: { onlyUnlabeled: true, shard: { index: 2, count: 3 } },
        },
      },
    });
  });

  it('prefers the address that is an argument', () => {
    const { from } = read('--project 7 --model m --out o --label-studio https://ls.example');
    expect(from).toMatchObject({
      project: { url: 'https://ls.example', post: false, tasks: { onlyUnlabeled: false } },
    });
  });

  it('takes every range and filter', () => {
    const line =
      '--project 7 --model m --post --view 4 --from-id 10 --to-id 20 --sample 5 --seed 3 --only-unpredicted';
    expect(read(line).from).toMatchObject({
      project: {
        onlyUnpredicted: true,
        replace: null,
        tasks: { view: 4, fromId: 10, toId: 20, sample: { count: 5, seed: 3 } },
      },
    });
    expect(read('--project 7 --model m --post --sample 5').from).toMatchObject({
      project: { tasks: { sample: { count: 5, seed: 0 } } },
    });
    expect(read('--project 7 --model m --post --replace m-1').from).toMatchObject({
      project: { replace: 'm-1' },
    });
  });

  it.each([
    ['--project 7 --model m --post --from-id 9 --to-id 8', /from 9 to 8/u],
    ['--project 7 --model m --post --seed 1', /--seed belongs to --sample/u],
    ['--project 7 --model m --post --sample 0', /--sample 0/u],
    ['--project 7 --model m --post --view tab', /--view tab/u],
    ['--project 7 --model m --out o --replace m-1', /Add --post/u],
    ['--project 7 --model m --post --replace m-1 --shard 1/2', /--shard only a part/u],
    ['photos --project 7 --model m --post', /Both a project and "photos"/u],
    ['--project seven --model m --post', /--project seven/u],
    ['--project 0 --model m --post', /--project 0/u],
    ['--project 7 --model m', /--out PATH/u],
    ['--project 7 --model m --post --shard 4/3', /--shard 4\/3.*1\/3/u],
    ['--project 7 --model m --post --shard 0/3', /--shard 0\/3/u],
    ['--project 7 --model m --post --shard 1', /--shard 1/u],
  ])('refuses "%s"', (line, expected) => {
    expect(complaint(() => read(line))).toMatch(expected);
  });

  it('names the variable that is missing', () => {
    const line = '--project 7 --model m --post';
    expect(complaint(() => read(line, { LABEL_STUDIO_API_KEY: 'x' }))).toContain('LABEL_STUDIO_URL');
    expect(complaint(() => read(line, { LABEL_STUDIO_URL: 'x' }))).toContain('LABEL_STUDIO_API_KEY');
  });

  it.each(['--token hush', '--token=hush', '--api-key hush', '--label-studio-token=hush', '--password hush'])(
    'never takes a token as an argument, nor repeats it: %s',
    (argument) => {
      const said = complaint(() => read(`--project 7 --model m --post ${argument}`));
      expect(said).toContain('LABEL_STUDIO_API_KEY');
      expect(said).not.toContain('hush');
    },
  );
});

describe('serve', () => {
  it('leaves what is not typed to the settings', () => {
    expect(readServeArgs([])).toEqual({ flags: {}, open: true });
    expect(readServeArgs(['--port', '0', '--host', '0.0.0.0', '--no-open'])).toEqual({
      flags: { port: '0', host: '0.0.0.0' },
      open: false,
    });
  });

  it.each([['now'], ['--no-such'], ['--port']])('refuses %s', (...args) => {
    expect(complaint(() => readServeArgs(args))).not.toBe('');
  });
});
