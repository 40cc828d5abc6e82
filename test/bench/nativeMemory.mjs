// One line of JSON an interval: what the native engine holds, in a process that holds nothing else.
//
//   node --expose-gc test/bench/nativeMemory.mjs IMAGES INTERVALS
import { register } from 'node:module';

register('../../scripts/typescript.mjs', import.meta.url);
const { createNativeEngine } = await import('../../src/engine/native/createNativeEngine.ts');
const { readSamples, sampleBytes } = await import('../support/samples.ts');
const { tinyModelDir } = await import('../support/tinyModelNode.ts');

const [images, intervals] = process.argv.slice(2).map(Number);
const samples = await readSamples();
const blobs = await Promise.all(
  samples.map(async ({ file }) => new Blob([new Uint8Array(await sampleBytes(file))])),
);
const engine = await createNativeEngine({ modelDir: tinyModelDir });
let next = 0;
for (let interval = 1; interval <= intervals; interval++) {
  const lane = async () => {
    while (next < (interval * images) / intervals) await engine.detect(blobs[next++ % blobs.length]);
  };
  // As many as the pipeline holds.
  await Promise.all([lane(), lane(), lane()]);
  // What a buffer holds outside of the heap is given back a turn after its collection.
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  process.stdout.write(`${JSON.stringify({ heap: heapUsed + external, resident: rss, gpuBuffers: 0 })}\n`);
}
await engine.dispose();
