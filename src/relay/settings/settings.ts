/** What is set, and where: flags, then the environment, then FORELABEL_HOME, then the defaults. */
import * as v from 'valibot';
import { configFile, readConfig } from './configFile.ts';
import { credentialsFile, readCredentials, type Note } from './credentialsFile.ts';
import { SettingsError } from './settingsError.ts';
import { settingNames, settings, type SettingName, type Settings } from './table.ts';

/** Where a value comes from. `where` is for people: `--port`, `FORELABEL_PORT`, the path of a file. */
export interface SettingSource {
  readonly kind: 'flag' | 'environment' | 'config' | 'credentials' | 'default';
  readonly where: string;
}

/** As they were typed; what was not is left out. */
export type SettingFlags = Partial<Readonly<Record<SettingName, string | undefined>>>;

export interface SettingsRead {
  readonly values: Settings;
  readonly sources: Readonly<Record<SettingName, SettingSource>>;
}

interface Found {
  readonly value: unknown;
  readonly source: SettingSource;
}

/**
 * Every setting with where it comes from. A token that is kept for one Label Studio is not taken for another.
 * Throws `SettingsError`, which names the flag, the variable, or the file and its key.
 */
export async function readSettings(options: {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly flags?: SettingFlags;
  readonly note?: Note;
}): Promise<SettingsRead> {
  const { home, env, flags = {}, note } = options;
  const config = await readConfig(home);
  const kept = await readCredentials(home, note);

  const find = (name: SettingName): Found => {
    const { flag, env: variable, default: usual } = settings[name];
    const typed = flags[name];
    if (typed !== undefined) {
      const where = flag ?? name;
      return { value: readText(name, typed, where), source: { kind: 'flag', where } };
    }
    const exported = env[variable];
    if (exported !== undefined && exported.trim() !== '') {
      return {
        value: readText(name, exported, variable),
        source: { kind: 'environment', where: variable },
      };
    }
    if (config.has(name)) {
      return { value: config.get(name), source: { kind: 'config', where: configFile(home) } };
    }
    return { value: usual, source: { kind: 'default', where: 'default' } };
  };

  const found = Object.fromEntries(settingNames.map((name) => [name, find(name)])) as Record<
    SettingName,
    Found
  >;
  const fromCredentials = (name: SettingName, value: string | undefined) => {
    if (found[name].source.kind !== 'default' || value === undefined) return;
    found[name] = { value, source: { kind: 'credentials', where: credentialsFile(home) } };
  };
  fromCredentials('labelStudioUrl', kept.labelStudio?.url);
  // They were given together: a token from elsewhere is not for that address.
  if (found.labelStudioUrl.source.kind === 'credentials') {
    found.labelStudioApiKey = {
      value: settings.labelStudioApiKey.default,
      source: { kind: 'default', where: 'default' },
    };
  }
  if (kept.labelStudio?.url === found.labelStudioUrl.value) {
    fromCredentials('labelStudioApiKey', kept.labelStudio?.token);
  }
  fromCredentials('rayToken', kept.rayToken);
  fromCredentials('secret', kept.secret);

  const pick = <Key extends keyof Found>(key: Key) =>
    Object.fromEntries(settingNames.map((name) => [name, found[name][key]])) as Record<
      SettingName,
      Found[Key]
    >;
  // Each value has passed its own schema.
  return { values: pick('value') as unknown as Settings, sources: pick('source') };
}

/**
 * A value from text, as flags, variables and `forelabel config set` have it. `where` is what the message names.
 * Throws `SettingsError` 'setting-invalid', without the value of a secret.
 */
export function readText(name: SettingName, text: string, where: string): unknown {
  const { kind, schema, secret } = settings[name];
  const value = kind === 'number' && text.trim() !== '' ? Number(text) : text;
  const parsed = v.safeParse(schema, Number.isNaN(value) ? text : value);
  if (parsed.success) return parsed.output;
  const shown = secret || kind === 'address' ? '' : ` is "${text}" and`;
  throw new SettingsError(
    'setting-invalid',
    `${where}${shown} ${parsed.issues[0].message}. Set it to: ${settings[name].about}.`,
  );
}
