import { delimiter, join } from 'node:path';
import * as v from 'valibot';
import type { Contender } from './contender.ts';
import { startLineProcess } from './lineProcess.ts';
import type { PeerPython } from './peerPython.ts';

const scripts = join(import.meta.dirname, '..', 'peers');
const stagesSchema = v.object({
  decode: v.number(),
  preprocess: v.number(),
  infer: v.number(),
  postprocess: v.number(),
});
const oneSchema = v.object({ ms: v.number(), stages: v.nullish(stagesSchema, null), boxes: v.number() });
const manySchema = v.object({ ms: v.number(), results: v.array(oneSchema) });

export const mmdetection = 'MMDetection';
export const mmdetectionOnGpu = 'MMDetection, GPU';
export const onnxRuntime = 'ONNX Runtime (Python)';

export interface Peers {
  readonly contenders: readonly Contender[];
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * What a Python programmer runs: MMDetection, and on the CPU ONNX Runtime too. Throws what it says where it cannot run.
 */
export async function startPeers(
  { python, torchvision }: PeerPython & { readonly python: string },
  modelFolder: string,
  processor: 'cpu' | 'cuda',
): Promise<Peers> {
  const args = [join(scripts, 'serve_peers.py'), modelFolder, processor];
  const { device, threads, versions, ask, end } = await startLineProcess(python, args, {
    PYTHONPATH: [join(scripts, '..', '..', '..', 'src', 'trainer'), torchvision]
      .filter((folder) => folder !== null)
      .join(delimiter),
  });
  const peer = (name: string, key: string, where: string): Contender => {
    const one = async (file: string) => v.parse(oneSchema, await ask({ peer: key, file }));
    return {
      name,
      device: where,
      async one(file) {
        const { ms, ...rest } = await one(file);
        return { total: ms, ...rest };
      },
      async many(files) {
        let total = 0;
        for (const file of files) total += (await one(file)).ms;
        return total;
      },
      close: end,
    };
  };
  if (processor === 'cuda') return { versions, contenders: [peer(mmdetectionOnGpu, 'mmdetection', device)] };
  return {
    versions,
    contenders: [
      peer(mmdetection, 'mmdetection', `${threads} CPU threads`),
      peer(onnxRuntime, 'onnxruntime', device),
    ],
  };
}

/** The native engine as it is built. Throws what it says where it cannot run. */
export async function startNative(
  name: string,
  modelFolder: string,
  device: 'CPU' | 'GPU',
): Promise<Contender> {
  const args = [join(scripts, 'native.mjs'), modelFolder, device];
  const native = await startLineProcess(process.execPath, args, {});
  const work = async (files: readonly string[]) => v.parse(manySchema, await native.ask({ files }));
  return {
    name,
    device: native.device,
    async one(file) {
      const [result] = (await work([file])).results;
      if (result === undefined) throw new Error(`${name} says nothing of ${file}.`);
      return { total: result.ms, stages: result.stages, boxes: result.boxes };
    },
    many: async (files) => (await work(files)).ms,
    close: native.end,
  };
}
