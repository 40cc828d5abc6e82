import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/cli/errors.ts';
import { readExportArgs } from '../../../src/cli/exportArgs.ts';

const whole = '--config fcos.py --checkpoint epoch_12.pth --name cells --out models/cells'.split(' ');

describe('readExportArgs', () => {
  it('reads everything there is', () => {
    const given = { config: 'fcos.py', checkpoint: 'epoch_12.pth', name: 'cells', out: 'models/cells' };
    expect(readExportArgs(whole)).toEqual({ ...given, classes: null });
    expect(readExportArgs([...whole, '--classes', 'red cell, white cell,platelet'])).toEqual({
      ...given,
      classes: ['red cell', 'white cell', 'platelet'],
    });
  });

  it.each(['config', 'checkpoint', 'name', 'out'])('asks for --%s', (option) => {
    const at = whole.indexOf(`--${option}`);
    expect(() => readExportArgs(whole.toSpliced(at, 2))).toThrow(`--${option} is missing`);
    expect(() => readExportArgs(whole.with(at + 1, ''))).toThrow(UsageError);
  });

  it.each([
    [['--name', '../x'], /no name for a model/u],
    [['--classes', 'a,,b'], /empty name/u],
    [['--classes', 'a,b,a'], /a twice/u],
    [['folder'], /"folder"/u],
    [['--opset', '17'], /--opset/u],
  ])('refuses %j', (more, message) => {
    expect(() => readExportArgs([...whole, ...more])).toThrow(UsageError);
    expect(() => readExportArgs([...whole, ...more])).toThrow(message);
  });
});
