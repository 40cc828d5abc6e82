import type { Manifest } from '../detector/manifest.ts';
import type { HeadTensors } from '../detector/types.ts';
import { EngineError } from './errors.ts';

/** The names of the tensors that the manifest asks the network for. */
export function outputNames(manifest: Manifest): readonly string[] {
  return manifest.outputs.levels.flatMap((level) => [level.cls, level.bbox, level.centerness]);
}

/** Throws `EngineError` 'model-invalid' when the graph lacks a tensor that the manifest names. */
export function assertContract(
  manifest: Manifest,
  session: { readonly inputNames: readonly string[]; readonly outputNames: readonly string[] },
): void {
  const [input, ...others] = session.inputNames;
  if (input !== manifest.input.tensor || others.length > 0) {
    throw new EngineError(
      'model-invalid',
      `it takes ${session.inputNames.join(', ')} where ${manifest.input.tensor} is named`,
    );
  }
  const missing = outputNames(manifest).filter((name) => !session.outputNames.includes(name));
  if (missing.length > 0)
    throw new EngineError('model-invalid', `it lacks the outputs ${missing.join(', ')}`);
}

/** What every runtime's tensor offers, wherever its values lie. */
interface RuntimeTensor {
  readonly type: string;
}

/**
 * The outputs that the manifest names, in its order. Throws 'model-invalid' where one is missing or not float32.
 */
export function outputsOf<T extends RuntimeTensor>(
  results: Readonly<Record<string, T>>,
  manifest: Manifest,
): ReadonlyMap<string, T> {
  const outputs = new Map<string, T>();
  for (const name of outputNames(manifest)) {
    const tensor = results[name];
    if (tensor?.type !== 'float32') {
      throw new EngineError('model-invalid', `its output ${name} is not float32`);
    }
    outputs.set(name, tensor);
  }
  return outputs;
}

/** What every runtime's tensor offers once its values are on the CPU. */
interface CpuTensor extends RuntimeTensor {
  readonly data: unknown;
  readonly dims: readonly number[];
}

/** The runtime's outputs on the CPU as plain tensors. Throws as `outputsOf`. */
export function headsOf(results: Readonly<Record<string, CpuTensor>>, manifest: Manifest): HeadTensors {
  const heads: Record<string, { data: Float32Array; dims: readonly number[] }> = {};
  for (const [name, { data, dims }] of outputsOf(results, manifest)) {
    heads[name] = { data: data as Float32Array, dims };
  }
  return heads;
}
