import { readText, type SettingFlags } from '../relay/settings/settings.ts';
import { executors, presets, type TrainRequestInput } from '../training/job.ts';
import { UsageError } from './errors.ts';
import { noPositionals, readOptions, wholeNumber } from './readOptions.ts';

export interface TrainArgs {
  readonly request: TrainRequestInput;
  /** Settings that are given for this once. */
  readonly flags: SettingFlags;
  /** Stay until it has ended, also where `forelabel serve` does the work. */
  readonly wait: boolean;
}

const options = {
  project: { type: 'string' },
  epochs: { type: 'string' },
  preset: { type: 'string' },
  base: { type: 'string' },
  name: { type: 'string' },
  executor: { type: 'string' },
  control: { type: 'string' },
  device: { type: 'string' },
  gpus: { type: 'string' },
  'ray-address': { type: 'string' },
  'label-studio': { type: 'string' },
  wait: { type: 'boolean', default: false },
} as const;

const hint = 'See "forelabel help train".';

/** Reads the arguments after `train`. Throws `UsageError`, or `SettingsError` for a setting. */
export function readTrainArgs(args: readonly string[]): TrainArgs {
  const { values, positionals } = readOptions(args, options, hint);
  noPositionals(positionals, hint);
  if (values.project === undefined) {
    throw new UsageError(
      'No project is named.',
      'Add --project N, the number in the address of the project in Label Studio.',
    );
  }
  const { epochs, preset, base, name, executor, control } = values;
  if (name !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u.test(name)) {
    throw new UsageError(
      `--name ${name} is no name for a model.`,
      'Take letters, digits, dots, dashes and underscores, 64 at most, and begin with a letter or a digit.',
    );
  }
  for (const [option, value] of Object.entries({ base, control })) {
    if (value === '') throw new UsageError(`--${option} is empty.`, 'Leave it out, or name one.');
  }
  // Wrong ones are refused before anything starts.
  for (const setting of ['device', 'gpus'] as const) {
    if (values[setting] !== undefined) readText(setting, values[setting], `--${setting}`);
  }
  const request: TrainRequestInput = {
    project: wholeNumber('project', values.project, 1),
    ...(epochs === undefined ? {} : { epochs: wholeNumber('epochs', epochs, 1, 1000) }),
    ...(preset === undefined ? {} : { preset: choice('preset', preset, presets) }),
    ...(base === undefined ? {} : { base }),
    ...(name === undefined ? {} : { name }),
    ...(control === undefined ? {} : { control }),
    ...(executor === undefined ? {} : { executor: choice('executor', executor, executors) }),
  };
  return {
    request,
    flags: {
      labelStudioUrl: values['label-studio'],
      executor,
      device: values.device,
      gpus: values.gpus,
      rayAddress: values['ray-address'],
    },
    wait: values.wait,
  };
}

function choice<T extends string>(option: string, text: string, choices: readonly T[]): T {
  const found = choices.find((known) => known === text);
  if (found !== undefined) return found;
  throw new UsageError(`There is no ${option} "${text}".`, `Choose one of ${choices.join(', ')}.`);
}
