import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface ModelChoices {
  readonly name: string;
  readonly bytes?: string;
  readonly date?: string;
  /** Name of the folder when it is not the model's. */
  readonly folder?: string;
}

/** Writes a model folder whose manifest is valid; the ONNX file is any bytes. Returns folder and version. */
export async function writeModelFolder(
  models: string,
  { name, bytes = 'onnx', date = '2026-01-01T00:00:00Z', folder = name }: ModelChoices,
): Promise<{ readonly folder: string; readonly version: string; readonly sha256: string }> {
  const path = join(models, folder);
  await mkdir(path, { recursive: true });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const manifest = {
    schema: 1,
    name,
    architecture: 'FCOS',
    classes: ['face'],
    input: {
      tensor: 'input',
      channelOrder: 'bgr',
      mean: [0, 0, 0],
      std: [1, 1, 1],
      resize: { rule: 'keep-ratio', width: 64, height: 64 },
      padDivisor: 32,
    },
    outputs: {
      levels: [{ stride: 8, cls: 'c', bbox: 'b', centerness: 'z' }],
      cls: 'logits',
      centerness: 'logits',
      bbox: 'pixels',
    },
    postprocess: {
      scoreThreshold: 0.05,
      nmsPre: 1000,
      nms: { type: 'nms', iouThreshold: 0.5, classAgnostic: false },
      maxPerImage: 100,
      minBoxSize: 0,
      scoreRule: 'cls*centerness',
    },
    golden: { width: 64, height: 64, tolerance: 0.001, outputs: {} },
    files: [{ precision: 'fp32', path: 'model.onnx', bytes: bytes.length, sha256 }],
    lineage: {
      parent: null,
      dataset: null,
      config: 'config.py',
      checkpoint: 'checkpoint.pth',
      epochs: null,
      metrics: {},
      date,
    },
  };
  await writeFile(join(path, 'model.json'), JSON.stringify(manifest));
  await writeFile(join(path, 'model.onnx'), bytes);
  await writeFile(join(path, 'config.py'), 'secret = 1\n');
  return { folder: path, version: `${name}-${sha256.slice(0, 8)}`, sha256 };
}
