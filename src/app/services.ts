/** The real parts behind the page's state: worker engine, Label Studio client, IndexedDB. */
import * as v from 'valibot';
import { primaryFile } from '../detector/manifest.ts';
import { createEngine } from '../engine/client/createEngine.ts';
import { normalizeAddress } from '../labelstudio/address.ts';
import { createLabelStudio } from '../labelstudio/client.ts';
import { openDatabase } from '../store/database.ts';
import type { Database } from '../store/database.ts';
import { deleteEverything } from '../store/everything.ts';
import { folderHandles } from '../store/folders.ts';
import { offlineTasks } from '../store/offlineTasks.ts';
import { resultStore } from '../store/results.ts';
import { secretStore } from '../store/secrets.ts';
import { settingsStore } from '../store/settings.ts';
import { withOfflineCopies } from './offline/offlineLabelStudio.ts';
import { Reach } from './offline/reach.ts';
import { readEverything, writeEverything } from './state/everythingFile.ts';
import { removeScratch } from './state/saveTarget.ts';
import type { CredentialMemory } from './state/connectionState.ts';
import type { LoadEngine } from './state/engineState.ts';
import { createRelayApi } from './state/relayApi.ts';
import { listSamples } from './state/samples.ts';
import type { Services } from './state/services.ts';

/** The fastest engine that works here, or the one that was chosen. */
const loadEngine: LoadEngine = (model, { choice, signal, onProgress, onInfo }) =>
  createEngine({
    choice,
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
  const parse = (text: string) => v.parse(credentialsSchema, JSON.parse(text));
  return {
    async recall() {
      const held = sessionStorage.getItem(secretName);
      const kept = await (await secrets()).load(secretName);
      const text = held ?? kept;
      return text === null ? null : { ...parse(text), remembered: text === kept };
    },
    hold({ url, token }) {
      // Session storage ends with the tab, and only this origin reads it.
      sessionStorage.setItem(secretName, JSON.stringify({ url, token }));
    },
    async remember({ url, token }) {
      await (await secrets()).save(secretName, JSON.stringify({ url, token }));
    },
    async forget() {
      sessionStorage.removeItem(secretName);
      await (await secrets()).forget(secretName);
    },
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
  const reach = new Reach();
  const copies = async () => offlineTasks(await database());
  return {
    loadEngine,
    reach,
    copies,
    folders: async () => folderHandles(await database()),
    createLabelStudio: (options) =>
      withOfflineCopies(createLabelStudio(options), { server: normalizeAddress(options.url), copies, reach }),
    listSamples,
    relay: createRelayApi(),
    credentials: credentialMemory(database),
    keep: async () => {
      const open = await database();
      return { results: resultStore(open), settings: settingsStore(open) };
    },
    exportEverything: async (to) => writeEverything(await database(), to),
    restoreEverything: async (file) => readEverything(await database(), file),
    deleteEverything: async () => {
      const open = await database();
      await deleteEverything(open, (cache) => cache.startsWith('forelabel'));
      localStorage.clear();
      sessionStorage.clear();
      await removeScratch();
      await uninstall();
    },
  };
}

/** Without its caches a service worker would only be in the way; the next visit is a first visit. */
async function uninstall(): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  const registrations = await navigator.serviceWorker.getRegistrations();
  await Promise.all(registrations.map((registration) => registration.unregister()));
}
