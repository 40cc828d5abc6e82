import { styleText } from 'node:util';
import type { Check } from '../relay/doctor/check.ts';
import { runChecks } from '../relay/doctor/runChecks.ts';
import { forelabelHome } from '../relay/home.ts';
import { chromiumProbe } from './doctor/chromiumProbe.ts';
import type { ExitCode } from './errors.ts';
import { noPositionals, readOptions } from './readOptions.ts';

const options = {
  'label-studio': { type: 'string' },
  port: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

const hint = 'See "forelabel help doctor".';

/** `forelabel doctor`: each check with its fix. 1 when one of them is a problem. */
export async function runDoctor(args: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = readOptions(args, options, hint);
  noPositionals(positionals, hint);
  const checks = await runChecks({
    home: forelabelHome(),
    env: process.env,
    flags: { labelStudioUrl: values['label-studio'], port: values.port },
    extra: [chromiumProbe],
  });
  if (values.json) process.stdout.write(`${JSON.stringify(checks, null, 2)}\n`);
  else process.stdout.write(describeChecks(checks, process.stdout.isTTY));
  return checks.some(({ state }) => state === 'problem') ? 1 : 0;
}

const marks = {
  ok: ['ok', 'green'],
  warning: ['!', 'yellow'],
  problem: ['✗', 'red'],
  unknown: ['?', 'gray'],
} as const;

/** A line for each check, and one below it for what to do. */
export function describeChecks(checks: readonly Check[], colors: boolean): string {
  const width = Math.max(...checks.map(({ title }) => title.length));
  const lines = checks.flatMap(({ title, state, found, fix }) => {
    const [text, color] = marks[state];
    const mark = text.padEnd(2);
    const line = `${colors ? styleText(color, mark) : mark}  ${title.padEnd(width)}  ${found}`;
    return fix === null ? [line] : [line, `${' '.repeat(width + 6)}${fix}`];
  });
  const bad = checks.filter(({ state }) => state === 'problem').length;
  const end =
    bad === 0
      ? 'Nothing keeps Forelabel from working.'
      : `${bad} ${bad === 1 ? 'problem' : 'problems'} to solve.`;
  return `${lines.join('\n')}\n${end}\n`;
}
