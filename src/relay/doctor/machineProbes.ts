import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { packageVersion } from '../home.ts';
import { cacheFolder } from '../trainerEnvironment/cacheFolder.ts';
import { ok, problem, warning, type Finding, type Probe } from './check.ts';

/** Below this, nothing works for long; in bytes. */
const fewBytes = 200 * 2 ** 20;
/** Room for a training: images, checkpoints, a model. */
const roomyBytes = 2 * 2 ** 30;

/** The machine itself: versions, folders, disks, ONNX Runtime. */
export function machineProbes(home: string): readonly Probe[] {
  const version: Probe = {
    id: 'forelabel',
    title: 'Forelabel',
    run: () =>
      Promise.resolve(ok(`${packageVersion}, Node ${process.version}, ${process.platform} ${process.arch}`)),
  };
  const writable: Probe = {
    id: 'home',
    title: 'Data folder',
    run: () =>
      mayWrite(
        home,
        'Give it to this user, or name another one in FORELABEL_HOME.',
        'models, jobs, settings',
      ),
  };
  const cache: Probe = {
    id: 'cache',
    title: 'Cache folder',
    run: () =>
      mayWrite(
        cacheFolder(),
        'Give it to this user, or name another one in FORELABEL_CACHE.',
        'MMDetection, images',
      ),
  };
  const disk: Probe = {
    id: 'disk',
    title: 'Disk space',
    run: async () => {
      const [ofHome, ofCache] = await Promise.all([free(home), free(cacheFolder())]);
      const least = Math.min(ofHome, ofCache);
      const found =
        ofHome === ofCache
          ? `${size(ofHome)} free`
          : `${size(ofHome)} free for data, ${size(ofCache)} free for the cache`;
      const fix =
        'Free some space: MMDetection takes about 2 GB, a training about 1 GB. FORELABEL_HOME and FORELABEL_CACHE may lie on other disks.';
      if (least < fewBytes) return problem(found, fix);
      return least < roomyBytes ? warning(found, fix) : ok(found);
    },
  };
  return [version, writable, cache, disk, onnxRuntime];
}

const onnxRuntime: Probe = {
  id: 'onnxruntime',
  title: 'ONNX Runtime',
  run: async () => {
    try {
      const { env } = await import('onnxruntime-node');
      return ok(`${env.versions.node ?? env.versions.common} loads`);
    } catch (error) {
      const why = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
      return warning(
        `does not load: ${why}`,
        'Install Forelabel again on this machine. Until then the command line needs --engine wasm, and predictions for Label Studio come from the browser only.',
      );
    }
  },
};

async function mayWrite(folder: string, fix: string, holds: string): Promise<Finding> {
  const existing = await nearest(folder);
  try {
    await access(existing, constants.W_OK | constants.X_OK);
  } catch {
    return problem(
      existing === folder ? `${folder} cannot be written to.` : `${folder} cannot be made in ${existing}.`,
      fix,
    );
  }
  return ok(`${folder} (${holds})`);
}

async function free(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(await nearest(folder));
  return bavail * bsize;
}

/** The folder, or the innermost one around it that exists: where it would be made. */
async function nearest(folder: string): Promise<string> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      await access(path, constants.F_OK);
      return path;
    } catch (error) {
      if (path === dirname(path)) throw error;
    }
  }
}

const size = (bytes: number): string =>
  bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GB` : `${Math.floor(bytes / 2 ** 20)} MB`;
