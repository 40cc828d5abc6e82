import { UsageError } from './errors.ts';
import { readOptions, wholeNumber } from './readOptions.ts';

export interface ServeArgs {
  readonly port: number;
  readonly host: string;
  /** Open the browser once the server listens. */
  readonly open: boolean;
}

const options = {
  port: { type: 'string', default: '9090' },
  host: { type: 'string', default: '127.0.0.1' },
  open: { type: 'boolean', default: true },
  'no-open': { type: 'boolean', default: false },
} as const;

/** Reads the arguments after `serve`. Throws `UsageError`. */
export function readServeArgs(args: readonly string[]): ServeArgs {
  const { values, positionals } = readOptions(args, options, 'See "forelabel help serve".');
  if (positionals.length > 0) {
    throw new UsageError(`"${positionals[0] ?? ''}" is not understood.`, 'See "forelabel help serve".');
  }
  if (values.host === '')
    throw new UsageError('--host is empty.', 'Leave it out, or write --host 127.0.0.1.');
  return {
    port: wholeNumber('port', values.port, 0, 65_535),
    host: values.host,
    open: values.open && !values['no-open'],
  };
}
