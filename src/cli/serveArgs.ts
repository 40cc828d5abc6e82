import type { SettingFlags } from '../relay/settings/settings.ts';
import { noPositionals, readOptions } from './readOptions.ts';

export interface ServeArgs {
  /** As they were typed; the settings check them. */
  readonly flags: SettingFlags;
  /** Open the browser once the server listens. */
  readonly open: boolean;
}

const options = {
  port: { type: 'string' },
  host: { type: 'string' },
  'public-url': { type: 'string' },
  'label-studio': { type: 'string' },
  open: { type: 'boolean', default: true },
  'no-open': { type: 'boolean', default: false },
} as const;

/** Reads the arguments after `serve`. Throws `UsageError`. */
export function readServeArgs(args: readonly string[]): ServeArgs {
  const hint = 'See "forelabel help serve".';
  const { values, positionals } = readOptions(args, options, hint);
  noPositionals(positionals, hint);
  return {
    flags: {
      port: values.port,
      host: values.host,
      publicUrl: values['public-url'],
      labelStudioUrl: values['label-studio'],
    },
    open: values.open && !values['no-open'],
  };
}
