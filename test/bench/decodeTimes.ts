/** Raw heads at COCO's size, and how long it takes to make boxes of them. For a process that does nothing else. */
import { decode } from '../../src/detector/decode.ts';
import { detectFromHeads } from '../../src/detector/detect.ts';
import { headLevels } from '../../src/detector/heads.ts';
import { parseManifest } from '../../src/detector/manifest.ts';
import { planResize } from '../../src/detector/resizePlan.ts';
import type { HeadTensors } from '../../src/detector/types.ts';
import tiny from '../fixtures/tiny-model/model.json' with { type: 'json' };
import { seededRandom } from '../support/seededRandom.ts';

const CLASSES = 80;
const ROUNDS = 400;
const STRIDES = [8, 16, 32, 64, 128];

const manifest = parseManifest({
  ...tiny,
  classes: Array.from({ length: CLASSES }, (_, i) => `class ${i}`),
  input: { ...tiny.input, resize: { rule: 'keep-ratio', width: 1333, height: 800 }, padDivisor: 32 },
  outputs: {
    ...tiny.outputs,
    levels: STRIDES.map((stride, i) => ({
      stride,
      cls: `cls_${i}`,
      bbox: `bbox_${i}`,
      centerness: `centerness_${i}`,
    })),
  },
  postprocess: {
    ...tiny.postprocess,
    scoreThreshold: 0.05,
    nmsPre: 1000,
    nms: { type: 'nms', iouThreshold: 0.6, classAgnostic: false },
    maxPerImage: 100,
  },
});
const plan = planResize(1333, 800, manifest.input);

/**
 * As a trained detector's: far below the threshold nearly everywhere, `above` pairs a level over it, in the middle of
 * forty objects of some class each, with boxes that agree about them to a tenth.
 */
function heads(above: number): HeadTensors {
  const random = seededRandom(7);
  const objects = Array.from({ length: 40 }, () => ({
    x: random() * plan.width,
    y: random() * plan.height,
    side: 30 + random() ** 2 * 400,
    label: Math.floor(random() * CLASSES),
  }));
  const result: Record<string, { data: Float32Array; dims: number[] }> = {};
  for (const { stride, cls, bbox, centerness } of manifest.outputs.levels) {
    const rows = Math.ceil(plan.paddedHeight / stride);
    const columns = Math.ceil(plan.paddedWidth / stride);
    const area = rows * columns;
    const logits = Float32Array.from({ length: CLASSES * area }, () => -9 + 4 * random());
    for (let raised = 0; raised < above;) {
      const object = objects[Math.floor(random() * objects.length)];
      if (object === undefined) continue;
      const column = Math.floor((object.x + (random() - 0.5) * object.side) / stride);
      const row = Math.floor((object.y + (random() - 0.5) * object.side) / stride);
      const label = random() < 0.5 ? object.label : Math.floor(random() * CLASSES);
      const at = label * area + row * columns + column;
      if (column < 0 || column >= columns || row < 0 || row >= rows || (logits[at] ?? 0) > -2.9) continue;
      logits[at] = -2.9 + 6 * random() ** 3;
      raised += 1;
    }
    const distances = Float32Array.from({ length: 4 * area }, () => 40 + 60 * random());
    const centres = Float32Array.from({ length: area }, () => -2 + 4 * random());
    result[cls] = { data: logits, dims: [1, CLASSES, rows, columns] };
    result[bbox] = { data: distances, dims: [1, 4, rows, columns] };
    result[centerness] = { data: centres, dims: [1, 1, rows, columns] };
  }
  return result;
}

/** Milliseconds of one image; and what was measured. */
export interface DecodeTimes {
  readonly locations: number;
  readonly candidates: number;
  readonly found: number;
  readonly least: number;
  readonly p10: number;
  readonly p50: number;
  readonly p95: number;
  /** Of the processor, all threads, the mean of the rounds. */
  readonly processor: number;
}

/** @param above pairs of location and class over the threshold, a level */
export function measureDecode(above: number): DecodeTimes {
  const given = heads(above);
  const levels = headLevels(given, plan, manifest);
  const whole: number[] = [];
  let found = 0;
  let cpu = process.cpuUsage();
  for (let round = -50; round < ROUNDS; round++) {
    if (round === 0) cpu = process.cpuUsage();
    const start = performance.now();
    found = detectFromHeads(given, plan, manifest).length;
    if (round >= 0) whole.push(performance.now() - start);
  }
  cpu = process.cpuUsage(cpu);
  const rounded = (ms: number) => Math.round(ms * 100) / 100;
  const at = (share: number) =>
    rounded(whole.toSorted((a, b) => a - b)[Math.floor(share * whole.length)] ?? Number.NaN);
  return {
    locations: levels.reduce((sum, level) => sum + level.rows * level.columns, 0),
    candidates: decode(levels, plan, manifest).count,
    found,
    least: at(0),
    p10: at(0.1),
    p50: at(0.5),
    p95: at(0.95),
    processor: rounded((cpu.user + cpu.system) / 1000 / ROUNDS),
  };
}
