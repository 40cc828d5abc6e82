import { normalizeAddress } from '../labelstudio/address.ts';
import type { LabelStudioStatus } from '../training/api.ts';
import { changeConfig } from './settings/configFile.ts';
import { changeCredentials, readCredentials, type Note } from './settings/credentialsFile.ts';
import { readSettings, type SettingFlags } from './settings/settings.ts';
import type { FindAccess } from './training/contracts.ts';

export interface LabelStudioAccessStore {
  /** Address and token, or null while one of them is missing. */
  readonly find: FindAccess;
  /** Keeps them in the relay's own file. The caller has tried them (`connect` of the client). */
  save(access: { readonly url: string; readonly token: string }): Promise<void>;
  /** Takes the token out of the file, and the address. What the environment says stays. */
  forget(): Promise<void>;
  /** For everybody: the token is not in it. */
  status(): Promise<LabelStudioStatus>;
}

/**
 * How this machine reaches Label Studio: LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY, else what the user has given
 * Forelabel. Read anew each time, so that a change by another process counts at once.
 */
export function labelStudioAccess(options: {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** `--label-studio`, which goes before both. */
  readonly flags?: SettingFlags;
  readonly note?: Note;
}): LabelStudioAccessStore {
  const { home, note } = options;
  const read = async () => {
    const { labelStudioUrl: url, labelStudioApiKey: token } = (await readSettings(options)).values;
    return { url, token };
  };
  return {
    async find() {
      const { url, token } = await read();
      return url === null || token === null ? null : { url, token };
    },
    async save({ url, token }) {
      const labelStudio = { url: normalizeAddress(url), token: token.trim() };
      await changeCredentials(home, (now) => ({ ...now, labelStudio }), note);
      // The newer word counts, and the address belongs beside its token.
      await changeConfig(home, 'labelStudioUrl', undefined);
    },
    async forget() {
      if ((await readCredentials(home, note)).labelStudio !== undefined) {
        // What is undefined is left out of JSON.
        await changeCredentials(home, (now) => ({ ...now, labelStudio: undefined }), note);
      }
      await changeConfig(home, 'labelStudioUrl', undefined);
    },
    async status() {
      const { url, token } = await read();
      return { url, hasToken: url !== null && token !== null };
    },
  };
}
