import { UsageError } from './errors.ts';
import { noPositionals, readOptions } from './readOptions.ts';

export interface ExportArgs {
  /** MMDetection's .py file. */
  readonly config: string;
  /** The .pth file. */
  readonly checkpoint: string;
  readonly name: string;
  /** Folder that the model becomes. */
  readonly out: string;
  /** In label order; null: those that checkpoint or config name. */
  readonly classes: readonly string[] | null;
}

const options = {
  config: { type: 'string' },
  checkpoint: { type: 'string' },
  name: { type: 'string' },
  out: { type: 'string' },
  classes: { type: 'string' },
} as const;

const hint = 'See "forelabel help export".';

/** Reads the arguments after `export`. Throws `UsageError`. */
export function readExportArgs(args: readonly string[]): ExportArgs {
  const { values, positionals } = readOptions(args, options, hint);
  noPositionals(positionals, hint);
  const { classes } = values;
  return {
    config: given('config', values.config, 'the .py file that the model was trained with'),
    checkpoint: given('checkpoint', values.checkpoint, 'the .pth file of the training'),
    name: modelName(given('name', values.name, 'a name for the model')),
    out: given('out', values.out, 'the folder to make'),
    classes: classes === undefined ? null : classNames(classes),
  };
}

function given(option: string, value: string | undefined, what: string): string {
  if (value !== undefined && value !== '') return value;
  throw new UsageError(`--${option} is missing.`, `Add --${option}: ${what}.`);
}

function modelName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u.test(name)) return name;
  throw new UsageError(
    `--name ${name} is no name for a model.`,
    'Take letters, digits, dots, dashes and underscores, 64 at most, and begin with a letter or a digit.',
  );
}

function classNames(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) {
    throw new UsageError(`--classes ${text} has an empty name.`, 'Write, say, --classes cat,dog.');
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return names;
  throw new UsageError(`--classes names ${twice} twice.`, 'Every class has a name of its own.');
}
