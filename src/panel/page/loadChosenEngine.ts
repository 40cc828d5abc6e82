import { primaryFile } from '../../detector/manifest.ts';
import { createEngine } from '../../engine/client/createEngine.ts';
import { pageBackends } from '../../engine/client/engineChoice.ts';
import type { LoadEngine } from './panelEngine.ts';
import { relayMayKnow } from './relayReach.ts';

/** Whether the relay's engine can be used from this frame. */
export const relayIsOffered: boolean = relayMayKnow(
  location.hostname,
  // Not every browser says it.
  (location as Partial<Location>).ancestorOrigins,
);

/**
 * The fastest engine of this browser, or the one that was chosen. Images leave the browser for the relay only when the
 * user says so.
 */
export const loadChosenEngine: LoadEngine = (model, { choice, signal, onDownload, onInfo }) =>
  createEngine({
    manifest: model.manifest,
    model: new URL(`${model.url}${primaryFile(model.manifest).path}`, location.href),
    backends: pageBackends.filter((backend) => backend !== 'relay' || (choice === 'relay' && relayIsOffered)),
    ...{ choice, signal, onInfo },
    onProgress: (progress) => {
      if (progress.phase === 'download') onDownload(progress.loaded / progress.total);
    },
  });
