/** `credentials.json` in FORELABEL_HOME: every secret Forelabel keeps, readable by its owner alone. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { alone } from '../alone.ts';
import { narrow, writeAtomically } from './privateFile.ts';
import { SettingsError } from './settingsError.ts';

const schema = v.looseObject({
  /** The token belongs to that address and is sent nowhere else. */
  labelStudio: v.optional(v.object({ url: v.string(), token: v.string() })),
  rayToken: v.optional(v.string()),
  /** Of this installation. */
  secret: v.optional(v.pipe(v.string(), v.minLength(16))),
});
export type Credentials = Readonly<v.InferOutput<typeof schema>>;

/** Is told what the user should know, in one or two sentences without a secret in them. */
export type Note = (message: string) => void;

/** Where the file of a home is. It need not exist. */
export function credentialsFile(home: string): string {
  return join(home, 'credentials.json');
}

/**
 * What the file holds; empty when there is none. A file that others could read is taken away from them.
 * Throws `SettingsError` 'credentials-invalid'.
 */
export async function readCredentials(home: string, note?: Note): Promise<Credentials> {
  const file = credentialsFile(home);
  let text: string;
  try {
    if (await narrow(file)) {
      note?.(
        `Other users could read ${file}; now only you can. Make a new token in Label Studio if that matters.`,
      );
    }
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return {};
    throw invalid(`${file} cannot be read. Check whose it is.`);
  }
  const parsed = v.safeParse(schema, parseJson(text));
  if (parsed.success) return parsed.output;
  // Neither the text nor valibot's message, which may quote it.
  throw invalid(`${file} is damaged. Delete it, and give Forelabel the token of Label Studio again.`);
}

/** Changes the file; nobody else changes it meanwhile. Returns what it holds then. */
export async function changeCredentials(
  home: string,
  change: (now: Credentials) => Credentials,
  note?: Note,
): Promise<Credentials> {
  const file = credentialsFile(home);
  return alone(file, async () => {
    const next = change(await readCredentials(home, note));
    await writeAtomically(file, `${JSON.stringify(next, null, 2)}\n`, 0o600);
    return next;
  });
}

const invalid = (message: string) => new SettingsError('credentials-invalid', message);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
