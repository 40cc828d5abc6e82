import { randomBytes } from 'node:crypto';
import { changeCredentials, readCredentials, type Note } from './credentialsFile.ts';

/**
 * The secret of this installation: what a request must know to change anything. Made at the first call, the
 * same ever after (32 random bytes as base64url). FORELABEL_SECRET, as `Settings.secret`, goes before it.
 */
export async function installationSecret(home: string, note?: Note): Promise<string> {
  const kept = (await readCredentials(home, note)).secret;
  if (kept !== undefined) return kept;
  const fresh = randomBytes(32).toString('base64url');
  // Somebody else may have made it in the meantime: theirs counts.
  const { secret } = await changeCredentials(home, (now) => ({ ...now, secret: now.secret ?? fresh }));
  return secret ?? fresh;
}
