import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../../src/relay/trainerEnvironment/cacheFolder.ts';
import { forelabelCommand } from '../../support/forelabelServer.ts';
import { peerPython } from './peerPython.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
const run = promisify(execFile);

export interface BenchModel {
  readonly name: string;
  readonly folder: string;
}

export const demo: BenchModel = { name: 'demo', folder: join(repository, 'models', 'demo-face') };

/** One that is made for the bench, tested at a size. */
export interface LargeModel {
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

export const r50at640: LargeModel = { name: 'r50 640x640', width: 640, height: 640 };
export const r50at800: LargeModel = { name: 'r50 1333x800', width: 1333, height: 800 };

/**
 * A ResNet-50 FCOS with 80 classes as MMDetection ships it, tested at a size, with random weights: made once and
 * kept in the cache folder. Null where it is not there and the trainer's environment, which makes it, is not either.
 *
 * @param image a photo: how many candidates the model has is set on it
 */
export async function largeModel(
  { name, width, height }: LargeModel,
  image: string,
): Promise<BenchModel | null> {
  const modelName = `r50-${width}x${height}`;
  const folder = join(cacheFolder(), 'bench', modelName);
  if (existsSync(join(folder, 'model.json'))) return { name, folder };
  const { python } = await peerPython();
  if (python === null) return null;
  const source = `${folder}-source`;
  const made = `${folder}-new`;
  // One who was interrupted may have left some.
  const clear = () => Promise.all([source, made].map((each) => rm(each, { recursive: true, force: true })));
  const config = 'fcos_r50-caffe_fpn_gn-head-center-normbbox-centeronreg-giou_1x_coco.py';
  const script = join(repository, 'test', 'bench', 'peers', 'large_model.py');
  const size = [String(width), String(height)];
  await clear();
  try {
    await run(python, [script, config, source, ...size, image], {
      env: { ...process.env, PYTHONPATH: join(repository, 'src', 'trainer') },
      maxBuffer: 64e6,
    });
    const files = ['--config', join(source, 'config.py'), '--checkpoint', join(source, 'checkpoint.pth')];
    await run(process.execPath, [forelabelCommand, 'export', ...files, '--name', modelName, '--out', made]);
    await rename(made, folder);
  } finally {
    await clear();
  }
  return { name, folder };
}
