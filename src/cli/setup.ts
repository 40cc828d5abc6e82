import { forelabelHome } from '../relay/home.ts';
import { readSettings } from '../relay/settings/settings.ts';
import { needsCuda } from '../relay/trainerEnvironment/gpu.ts';
import { trainerPython } from '../relay/trainerEnvironment/trainerPython.ts';
import { UsageError, type ExitCode } from './errors.ts';
import { noPositionals, readOptions } from './readOptions.ts';
import { StatusLine } from './statusLine.ts';

const options = {
  cuda: { type: 'boolean', default: false },
  cpu: { type: 'boolean', default: false },
} as const;

const hint = 'See "forelabel help setup".';

/** `forelabel setup`: installs the trainer, progress on stderr; its python is the last line of stdout. */
export async function runSetup(args: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = readOptions(args, options, hint);
  noPositionals(positionals, hint);
  if (values.cuda && values.cpu) throw new UsageError('Both --cuda and --cpu are given.', 'Choose one.');
  const { device } = (await readSettings({ home: forelabelHome(), env: process.env })).values;
  const cuda = values.cuda || (!values.cpu && (await needsCuda(device)));

  const line = new StatusLine(process.stderr);
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const python = await trainerPython({
      cuda,
      signal: interrupted.signal,
      onProgress: ({ step, done, total, detail }) => line.show(step, `${done + 1}/${total} ${step}`, detail),
    });
    line.clear();
    process.stdout.write(`${python}\n`);
    return 0;
  } catch (error) {
    line.clear();
    if (!interrupted.signal.aborted) throw error;
    process.stderr.write('Interrupted. "forelabel setup" begins anew, with what is downloaded already.\n');
    return 130;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
