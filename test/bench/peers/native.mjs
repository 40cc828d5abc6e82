// `node native.mjs MODEL_DIR CPU|GPU`: the native engine as it is built, in a process of its own, as `forelabel predict`
// and the relay run it. (A test runner changes the code that it loads, and makes it slower.)
//
// The first line that it prints says what runs it. For each line of JSON that it reads, `{"files": [PATH, ...]}`, it
// prints one: `{"ms": from the files to their boxes, "results": [{"ms", "stages", "boxes"}, ...]}`.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createNativeEngine } from '../../../dist/node/engine/native/createNativeEngine.js';

/** As many as the app and the command line hand over at a time, so that decoding overlaps inference. */
const HANDED_OVER = 3;

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
const [modelDir, device] = process.argv.slice(2);

let engine;
try {
  engine = await createNativeEngine({ modelDir, gpu: device === 'GPU' });
} catch (error) {
  say({ error: error.detail ?? error.message });
  process.exit(0);
}
say({ device: engine.info.device, threads: 0, versions: { node: process.version } });

async function detect(file) {
  const started = performance.now();
  const { detections, timings } = await engine.detect(new Blob([readFileSync(file)]));
  return { ms: performance.now() - started, stages: timings, boxes: detections.length };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { files } = JSON.parse(line);
  const results = [];
  const started = performance.now();
  const entries = files.entries();
  const lane = async () => {
    for (const [index, file] of entries) results[index] = await detect(file);
  };
  await Promise.all(Array.from({ length: HANDED_OVER }, lane));
  say({ ms: performance.now() - started, results });
}
await engine.dispose();
