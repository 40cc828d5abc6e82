/** `config.json` in FORELABEL_HOME: what the user has set for good. For everybody's eyes: it holds no secret. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { alone } from '../alone.ts';
import { writeAtomically } from './privateFile.ts';
import { SettingsError } from './settingsError.ts';
import { isSettingName, settingNames, settings, type SettingName } from './table.ts';

/** Where the file of a home is. It need not exist. */
export function configFile(home: string): string {
  return join(home, 'config.json');
}

/**
 * Key and value as they are in the file, checked. No file: none.
 * Throws `SettingsError`, naming the file and the first key that is wrong.
 */
export async function readConfig(home: string): Promise<ReadonlyMap<SettingName, unknown>> {
  const file = configFile(home);
  const values = new Map<SettingName, unknown>();
  for (const [name, value] of Object.entries(await readRaw(file))) {
    if (!isSettingName(name)) {
      throw new SettingsError(
        'config-invalid',
        `${file} has a key "${name}" that Forelabel does not know. ` +
          `Take it out with "forelabel config unset ${name}"; there are: ${plainNames().join(', ')}.`,
      );
    }
    if (settings[name].secret) throw secretInConfig(file, name);
    const parsed = v.safeParse(settings[name].schema, value);
    if (!parsed.success) {
      throw new SettingsError(
        'config-invalid',
        `${file}: "${name}" ${parsed.issues[0].message}. Correct it with "forelabel config set ${name} VALUE".`,
      );
    }
    values.set(name, parsed.output);
  }
  return values;
}

/**
 * Sets a key, or takes it out where `value` is undefined; other keys stay as they are, wrong ones too, so that
 * they can be mended one by one. False: there was nothing to take out.
 */
export async function changeConfig(home: string, name: string, value: unknown): Promise<boolean> {
  const file = configFile(home);
  return alone(file, async () => {
    const raw = await readRaw(file);
    const known = Object.hasOwn(raw, name);
    if (value === undefined && !known) return false;
    const entries = Object.entries(raw).filter(([key]) => key !== name);
    if (value !== undefined) entries.push([name, value]);
    await writeAtomically(file, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`, 0o600);
    return true;
  });
}

async function readRaw(file: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw new SettingsError('config-invalid', `${file} cannot be read. Check whose it is.`, { cause: error });
  }
  const parsed = v.safeParse(v.record(v.string(), v.unknown()), parseJson(text));
  if (parsed.success) return parsed.output;
  throw new SettingsError(
    'config-invalid',
    `${file} is no JSON object with names and values. Correct it, or delete it to go back to the defaults.`,
  );
}

function parseJson(text: string): unknown {
  try {
    const json: unknown = JSON.parse(text);
    return Array.isArray(json) ? undefined : json;
  } catch {
    return undefined;
  }
}

function secretInConfig(file: string, name: SettingName): SettingsError {
  return new SettingsError(
    'setting-secret',
    `${file} holds "${name}", which is a secret and does not belong there. ` +
      `Take it out with "forelabel config unset ${name}", and set it with "forelabel config set ${name} -".`,
  );
}

const plainNames = () => settingNames.filter((name) => !settings[name].secret);
