import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/cli/errors.ts';
import { readTrainArgs } from '../../../src/cli/trainArgs.ts';

describe('readTrainArgs', () => {
  it('asks for a project and nothing else', () => {
    expect(readTrainArgs(['--project', '3'])).toMatchObject({ request: { project: 3 }, wait: false });
  });

  it('reads everything there is', () => {
    const args = '--project 3 --epochs 7 --preset thorough --base demo-face --name cells --executor torchrun';
    const more = '--control label --device cuda --gpus 2 --label-studio http://ls:8080 --wait';
    const { request, flags, wait } = readTrainArgs(`${args} ${more}`.split(' '));
    expect(request).toEqual({
      project: 3,
      epochs: 7,
      preset: 'thorough',
      base: 'demo-face',
      name: 'cells',
      executor: 'torchrun',
      control: 'label',
    });
    expect(flags).toMatchObject({ labelStudioUrl: 'http://ls:8080', device: 'cuda', gpus: '2' });
    expect(wait).toBe(true);
  });

  it.each([
    [[], /No project/u],
    [['--project', 'three'], /--project three/u],
    [['--project', '3', '--epochs', '0'], /--epochs 0/u],
    [['--project', '3', '--epochs', '1001'], /from 1 to 1000/u],
    [['--project', '3', '--preset', 'best'], /no preset "best"/u],
    [['--project', '3', '--executor', 'slurm'], /no executor "slurm"/u],
    [['--project', '3', '--name', '../x'], /no name for a model/u],
    [['--project', '3', '--base', ''], /--base is empty/u],
    [['--project', '3', 'folder'], /"folder"/u],
  ])('refuses %j', (args, message) => {
    expect(() => readTrainArgs(args)).toThrow(UsageError);
    expect(() => readTrainArgs(args)).toThrow(message);
  });

  it('refuses a token without repeating it', () => {
    expect(() => readTrainArgs(['--project', '3', '--api-key=s3cr3t'])).toThrow(/never an argument/u);
    expect(() => readTrainArgs(['--project', '3', '--api-key=s3cr3t'])).not.toThrow(/s3cr3t/u);
  });
});
