/** The real parts behind the page's state: worker engine, Label Studio client, IndexedDB. */
import * as v from 'valibot';
import { primaryFile } from '../detector/manifest.ts';
import { createWorkerEngine } from '../engine/client/createWorkerEngine.ts';
import { createLabelStudio } from '../labelstudio/client.ts';
import { openDatabase } from '../store/database.ts';
import type { Database } from '../store/database.ts';
import { deleteEverything } from '../store/everything.ts';
import { resultStore } from '../store/results.ts';
import { secretStore } from '../store/secrets.ts';
import { settingsStore } from '../store/settings.ts';
import type { Services } from './state/appState.ts';
import type { CredentialMemory } from './state/connectionState.ts';
import type { LoadEngine } from './state/engineState.ts';
import { listSamples } from './state/samples.ts';

/** Starts the worker on the first backend that passes its self-test. */
const loadEngine: LoadEngine = (model, { signal, onProgress, onInfo }) =>
  createWorkerEngine({
    manifest: model.manifest,
    model: new URL(`${model.url}${primaryFile(model.manifest).path}`, location.href),
    signal,
    onInfo,
    onProgress: (progress) => {
      if (progress.phase === 'download') {
        onProgress({ loadedBytes: progress.loaded, totalBytes: progress.total });
      }
    },
  });

const credentialsSchema = v.object({ url: v.string(), token: v.string() });
const secretName = 'label-studio';

function credentialMemory(database: () => Promise<Database>): CredentialMemory {
  const secrets = async () => secretStore(await database());
  return {
    async recall() {
      const text = await (await secrets()).load(secretName);
      return text === null ? null : v.parse(credentialsSchema, JSON.parse(text));
    },
    async remember(credentials) {
      const { url, token } = credentials;
      await (await secrets()).save(secretName, JSON.stringify({ url, token }));
    },
    forget: async () => (await secrets()).forget(secretName),
  };
}

/** One database connection for the page, opened when it is first needed and again after it was lost. */
export function createServices(): Services {
  let opened: Promise<Database> | null = null;
  const database = (): Promise<Database> => {
    opened ??= openDatabase({ onLost: () => (opened = null) }).catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
  return {
    loadEngine,
    createLabelStudio,
    listSamples,
    credentials: credentialMemory(database),
    keep: async () => {
      const open = await database();
      return { results: resultStore(open), settings: settingsStore(open) };
    },
    deleteEverything: async () => {
      const open = await database();
      await deleteEverything(open, (cache) => cache.startsWith('forelabel'));
      localStorage.clear();
    },
  };
}
