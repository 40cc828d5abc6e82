import { primaryFile } from '../../detector/manifest.ts';
import { createWorkerEngine } from '../../engine/client/createWorkerEngine.ts';
import type { LoadEngine } from './panelEngine.ts';

/** Starts the worker on the first backend that passes its self-test. */
export const loadWorkerEngine: LoadEngine = (model, { signal, onDownload, onInfo }) =>
  createWorkerEngine({
    manifest: model.manifest,
    model: new URL(`${model.url}${primaryFile(model.manifest).path}`, location.href),
    ...{ signal, onInfo },
    onProgress: (progress) => {
      if (progress.phase === 'download') onDownload(progress.loaded / progress.total);
    },
  });
