import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseManifest, primaryFile } from '../../detector/manifest.ts';
import type { Manifest } from '../../detector/manifest.ts';
import { EngineError } from '../errors.ts';

export interface ModelBytes {
  readonly manifest: Manifest;
  /** The ONNX file that the manifest lists first. */
  readonly model: Uint8Array;
}

/**
 * Reads `model.json` and the ONNX file beside it.
 * Throws `ManifestError` for the former and `EngineError` 'model-hash' or 'model-invalid' for the latter.
 */
export async function readModel(modelDir: string): Promise<ModelBytes> {
  const json = await read(join(modelDir, 'model.json'));
  const manifest = parseManifest(parseJson(json));
  const model = await read(join(modelDir, primaryFile(manifest).path));
  return { manifest, model };
}

/** Throws `EngineError` 'model-hash' unless `model` is the manifest's first file. */
export function assertModelHash({ manifest, model }: ModelBytes): void {
  const file = primaryFile(manifest);
  if (createHash('sha256').update(model).digest('hex') !== file.sha256) {
    throw new EngineError('model-hash', file.path);
  }
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new EngineError('model-invalid', `${path} cannot be read`, { cause: error });
  }
}

function parseJson(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString('utf8')) as unknown;
  } catch (error) {
    throw new EngineError('model-invalid', 'model.json is not JSON', { cause: error });
  }
}
