import { createLabelStudio } from '../labelstudio/client.ts';
import { LabelStudioError } from '../labelstudio/errors.ts';
import { forelabelHome } from '../relay/home.ts';
import { labelStudioAccess } from '../relay/labelStudioAccess.ts';
import { changeConfig, configFile, readConfig } from '../relay/settings/configFile.ts';
import { changeCredentials, readCredentials } from '../relay/settings/credentialsFile.ts';
import { SettingsError } from '../relay/settings/settingsError.ts';
import { readSettings, readText, type SettingsRead } from '../relay/settings/settings.ts';
import { isSettingName, settingNames, settings, type SettingName } from '../relay/settings/table.ts';
import { UsageError, type ExitCode } from './errors.ts';
import { readOptions } from './readOptions.ts';
import { readSecret } from './secretInput.ts';

const options = { json: { type: 'boolean', default: false } } as const;
const hint = 'See "forelabel help config".';
const mask = '••••';

const say = (text: string) => process.stderr.write(`${text}\n`);

/** `forelabel config`: every setting and where it comes from; `set` and `unset` change what is kept. */
export async function runConfig(args: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = readOptions(args, options, hint);
  const [action, name, value, ...rest] = positionals;
  const home = forelabelHome();
  if (action === undefined) {
    const read = await readSettings({ home, env: process.env, note: say });
    process.stdout.write(values.json ? `${JSON.stringify(asJson(read), null, 2)}\n` : asTable(read));
    return 0;
  }
  const complete = action === 'set' ? value !== undefined : action === 'unset' && value === undefined;
  if (name === undefined || !complete || rest.length > 0) {
    throw new UsageError(`"config ${action}" is not understood.`, hint);
  }
  if (action === 'set') await set(home, known(name), value ?? '');
  else await unset(home, name);
  return 0;
}

function known(name: string): SettingName {
  if (isSettingName(name)) return name;
  const meant = settingNames.find((other) => other.toLowerCase() === name.replaceAll('-', '').toLowerCase());
  throw new UsageError(
    `There is no setting "${name}".`,
    meant === undefined ? `There are: ${settingNames.join(', ')}.` : `Did you mean ${meant}?`,
  );
}

async function set(home: string, name: SettingName, value: string): Promise<void> {
  if (!settings[name].secret) {
    await changeConfig(home, name, readText(name, value, name));
    say(`Written to ${configFile(home)}.`);
    await tellIfHidden(home, name);
    return;
  }
  if (value !== '-') {
    throw new UsageError(
      `${name} is a secret and never an argument: other users of this machine could read it.`,
      `Write "forelabel config set ${name} -" and paste it, or pipe it in.`,
    );
  }
  const secret = readText(name, await readSecret(name), name) as string;
  if (name === 'labelStudioApiKey') await setToken(home, secret);
  else if (name === 'rayToken') await changeCredentials(home, (now) => ({ ...now, rayToken: secret }), say);
  else if (secret.length < 16)
    throw new UsageError('The secret is too short.', 'Take 16 characters or more.');
  else await changeCredentials(home, (now) => ({ ...now, secret }), say);
  say('Kept, readable by you alone.');
  await tellIfHidden(home, name);
}

/** The token goes with an address, and is tried there first. */
async function setToken(home: string, token: string): Promise<void> {
  const url = (await readSettings({ home, env: process.env })).values.labelStudioUrl;
  if (url === null) {
    throw new UsageError(
      'It is not known which Label Studio the token is for.',
      'First write "forelabel config set labelStudioUrl URL".',
    );
  }
  try {
    const { user, version } = await createLabelStudio({ url, token }).connect();
    say(`Label Studio ${version} at ${url} knows you as ${user}.`);
  } catch (error) {
    const silent = error instanceof LabelStudioError && ['unreachable', 'timeout'].includes(error.code);
    if (!silent) throw error;
    say(`${url} does not answer, so the token could not be tried.`);
  }
  await labelStudioAccess({ home, env: process.env, note: say }).save({ url, token });
}

async function unset(home: string, name: string): Promise<void> {
  const secret = isSettingName(name) && settings[name].secret;
  const kept = await readCredentials(home, say);
  // What does not belong into config.json can be taken out of it all the same.
  let found = await changeConfig(home, name, undefined);
  if (name === 'labelStudioUrl' && !found && kept.labelStudio !== undefined) {
    await labelStudioAccess({ home, env: process.env, note: say }).forget();
    found = true;
    say('The token went with its address.');
  }
  if (secret) {
    const key = name === 'labelStudioApiKey' ? 'labelStudio' : name;
    if (key in kept) {
      await changeCredentials(home, (now) => ({ ...now, [key]: undefined }), say);
      // The address was kept beside the token.
      const alone = !(await readConfig(home)).has('labelStudioUrl');
      if (kept.labelStudio !== undefined && key === 'labelStudio' && alone) {
        await changeConfig(home, 'labelStudioUrl', kept.labelStudio.url);
      }
      found = true;
    }
  }
  if (!found && !isSettingName(name)) known(name);
  say(found ? `${name} is unset.` : `${name} was not set.`);
}

/** A variable that goes before what was just written would make people wonder. */
async function tellIfHidden(home: string, name: SettingName): Promise<void> {
  try {
    const { sources } = await readSettings({ home, env: process.env });
    const { kind, where } = sources[name];
    if (kind === 'environment') say(`The variable ${where} is set and goes before it.`);
  } catch (error) {
    // Another key is wrong: what was asked for is done all the same.
    if (!(error instanceof SettingsError)) throw error;
    say(error.message);
  }
}

function asJson({ values, sources }: SettingsRead): unknown {
  return Object.fromEntries(
    settingNames.map((name) => {
      const { secret, about } = settings[name];
      const value = secret && values[name] !== null ? mask : values[name];
      return [name, { value, source: sources[name].kind, where: sources[name].where, about }];
    }),
  );
}

function asTable({ values, sources }: SettingsRead): string {
  const rows = settingNames.map((name) => {
    const value = values[name];
    const shown = value === null ? '-' : settings[name].secret ? mask : String(value);
    return [name, shown, sources[name].where] as const;
  });
  const width = (column: 0 | 1) => Math.max(...rows.map((row) => row[column].length));
  const [names, shown] = [width(0), width(1)];
  return rows
    .map(([name, value, where]) => `${name.padEnd(names)}  ${value.padEnd(shown)}  ${where}\n`)
    .join('');
}
