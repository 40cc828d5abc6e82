import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { trainerPython } from '../../../scripts/trainer-setup.mjs';
import type { Contender } from './contender.ts';

const scripts = join(import.meta.dirname, '..', 'peers');
const helloSchema = v.union([
  v.object({ device: v.string(), threads: v.number(), versions: v.record(v.string(), v.string()) }),
  v.object({ error: v.string() }),
]);
const stagesSchema = v.object({
  decode: v.number(),
  preprocess: v.number(),
  infer: v.number(),
  postprocess: v.number(),
});
const oneSchema = v.object({ ms: v.number(), stages: v.nullish(stagesSchema, null), boxes: v.number() });
const manySchema = v.object({ ms: v.number(), results: v.array(oneSchema) });

export interface Peers {
  readonly contenders: readonly Contender[];
  readonly versions: Readonly<Record<string, string>>;
}

/** What a Python programmer runs: MMDetection, and ONNX Runtime. On the GPU where the trainer has one. */
export async function startPeers(modelFolder: string): Promise<Peers> {
  const args = [join(scripts, 'serve_peers.py'), modelFolder, 'auto'];
  const { device, threads, versions, ask, end } = await start(await trainerPython(), args, {
    PYTHONPATH: join(scripts, '..', '..', '..', 'src', 'trainer'),
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
  return {
    versions,
    contenders: [
      peer('MMDetection', 'mmdetection', device === 'CPU' ? `${threads} CPU threads` : device),
      peer('ONNX Runtime (Python)', 'onnxruntime', 'CPU'),
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
  const native = await start(process.execPath, args, {});
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

/** A process that reads a line of JSON for each call and answers with one; its first line says what runs it. */
async function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, ...env } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line: IteratorResult<string, undefined> = await lines.next();
    if (line.done === true) throw new Error(`It ended. Run it by hand: ${[command, ...args].join(' ')}`);
    return JSON.parse(line.value);
  };
  const hello = v.parse(helloSchema, await next());
  if ('error' in hello) throw new Error(hello.error);
  return {
    ...hello,
    ask: async (call: unknown): Promise<unknown> => {
      child.stdin.write(`${JSON.stringify(call)}\n`);
      return next();
    },
    end: async (): Promise<void> => {
      if (child.exitCode !== null) return;
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}
