import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from './errors.ts';

type ParseArgsOptionsConfig = NonNullable<ParseArgsConfig['options']>;

type Values<T extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T; allowPositionals: true; strict: true }>
>;

/**
 * `parseArgs`, whose complaints become ours. A token is refused by the name of its option and never repeated:
 * arguments are in the shell's history and in every list of processes.
 */
export function readOptions<T extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: T,
  hint: string,
): Values<T> {
  const secret = args.find((arg) => /^--?(?:[a-z-]*token|api-?key|password)(?:=|$)/iu.test(arg));
  if (secret !== undefined) {
    throw new UsageError(
      'A token is never an argument: other users of this machine could read it.',
      'Set the variable LABEL_STUDIO_API_KEY instead.',
    );
  }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    // "Unknown option '--x'. To specify a positional argument ...": the first sentence is what users need.
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${message.split(/\.\s|\n/u, 1)[0]?.replace(/\.$/u, '') ?? message}.`, hint);
  }
}

/** A whole number of at least `least`, or a UsageError that names the option. */
export function wholeNumber(option: string, text: string, least: number, most = Infinity): number {
  const number = Number(text);
  if (/^\d+$/u.test(text) && number >= least && number <= most) return number;
  const range = most === Infinity ? `from ${least}` : `from ${least} to ${most}`;
  throw new UsageError(
    `--${option} ${text} is no whole number ${range}.`,
    `Write, say, --${option} ${least}.`,
  );
}

/** For commands that take options only. */
export function noPositionals(positionals: readonly string[], hint: string): void {
  const [first] = positionals;
  if (first !== undefined) throw new UsageError(`"${first}" is not understood.`, hint);
}
