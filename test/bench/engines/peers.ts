import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { trainerPython } from '../../../scripts/trainer-setup.mjs';
import type { Contender, Measured } from './contender.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
const helloSchema = v.object({
  device: v.string(),
  threads: v.number(),
  versions: v.record(v.string(), v.string()),
});
const answerSchema = v.object({ ms: v.number(), boxes: v.number() });

export interface Peers {
  readonly contenders: readonly Contender[];
  readonly versions: Readonly<Record<string, string>>;
}

/** What a Python programmer runs: MMDetection, and ONNX Runtime. On the GPU where the trainer has one. */
export async function startPeers(modelFolder: string): Promise<Peers> {
  const script = join(repository, 'test', 'bench', 'peers', 'serve_peers.py');
  const child = spawn(await trainerPython(), [script, modelFolder, 'auto'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, PYTHONPATH: join(repository, 'src', 'trainer') },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line: IteratorResult<string, undefined> = await lines.next();
    if (line.done === true) {
      throw new Error('The Python peer ended. Run test/bench/peers/serve_peers.py by hand.');
    }
    return JSON.parse(line.value);
  };
  const { device, threads, versions } = v.parse(helloSchema, await next());
  const ask = async (peer: string, file: string): Promise<Measured> => {
    child.stdin.write(`${JSON.stringify({ peer, file })}\n`);
    const { ms, boxes } = v.parse(answerSchema, await next());
    return { total: ms, stages: null, boxes };
  };
  const end = async () => {
    if (child.exitCode !== null) return;
    child.stdin.end();
    await once(child, 'exit');
  };
  const peer = (name: string, key: string, where: string): Contender => ({
    name,
    device: where,
    one: (file) => ask(key, file),
    async many(files) {
      let total = 0;
      for (const file of files) total += (await ask(key, file)).total;
      return total;
    },
    close: end,
  });
  return {
    versions,
    contenders: [
      peer('MMDetection', 'mmdetection', device === 'CPU' ? `${threads} CPU threads` : device),
      peer('ONNX Runtime (Python)', 'onnxruntime', 'CPU'),
    ],
  };
}
