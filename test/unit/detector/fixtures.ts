import { readdirSync, readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { parseManifest, type Manifest } from '../../../src/detector/manifest.ts';
import type { Detection, HeadTensors, PixelImage, ResizePlan } from '../../../src/detector/types.ts';

/** Reads what `scripts/detector-fixtures.py` wrote. */

const folder = new URL('../../fixtures/detector/', import.meta.url);

/** Bytes of a packed array. */
export function unpack(text: string): Uint8Array {
  return new Uint8Array(inflateSync(Buffer.from(text, 'base64')));
}

export function readFixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as unknown;
}

export function fixtureNames(prefix: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.startsWith(prefix))
    .map((file) => file.replace(/\.json$/u, ''))
    .sort();
}

interface StoredCase {
  readonly manifest: unknown;
  readonly plan: ResizePlan;
  readonly rgb?: string;
  readonly inputSha256?: string;
  readonly heads?: Record<string, { dims: number[]; data: string }>;
  readonly formula?: Formula;
  readonly expected: { boxes: number[]; scores: number[]; labels: number[] };
}

interface Formula {
  readonly logitRange: number;
  readonly logitLow: number;
  readonly reach: number;
}

export interface DetectorCase {
  readonly manifest: Manifest;
  /** MMDetection's own. */
  readonly plan: ResizePlan;
  readonly image: PixelImage | undefined;
  readonly inputSha256: string | undefined;
  readonly heads: HeadTensors;
  readonly expected: Detection[];
}

export function readCase(name: string): DetectorCase {
  const stored = readFixture(name) as StoredCase;
  const manifest = parseManifest(stored.manifest);
  const { labels } = stored.expected;
  const boxes = Float32Array.from(stored.expected.boxes);
  const scores = Float32Array.from(stored.expected.scores);
  return {
    manifest,
    plan: stored.plan,
    inputSha256: stored.inputSha256,
    image:
      stored.rgb === undefined
        ? undefined
        : {
            width: stored.plan.sourceWidth,
            height: stored.plan.sourceHeight,
            channels: 3,
            data: unpack(stored.rgb),
          },
    heads: stored.formula
      ? formulaHeads(manifest, stored.plan, stored.formula)
      : Object.fromEntries(
          Object.entries(stored.heads ?? {}).map(([key, { dims, data }]) => [
            key,
            { dims, data: new Float32Array(unpack(data).buffer) },
          ]),
        ),
    expected: labels.map((label, i) => ({
      x1: boxes[4 * i] ?? NaN,
      y1: boxes[4 * i + 1] ?? NaN,
      x2: boxes[4 * i + 2] ?? NaN,
      y2: boxes[4 * i + 3] ?? NaN,
      score: scores[i] ?? NaN,
      label,
    })),
  };
}

/** i * 2654435761 mod 2^32, as the script's `hashed`. */
function hashed(i: number): number {
  return Math.imul(i, 2654435761) >>> 0;
}

/** The script's `hashed_bytes`. */
export function hashedBytes(count: number, start = 0): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => hashed(i + start) >>> 24);
}

/** The script's `formula_heads`. */
export function formulaHeads(manifest: Manifest, plan: ResizePlan, formula: Formula): HeadTensors {
  const heads: Record<string, { data: Float32Array; dims: number[] }> = {};
  let start = 0;
  for (const level of manifest.outputs.levels) {
    const rows = Math.ceil(plan.paddedHeight / level.stride);
    const columns = Math.ceil(plan.paddedWidth / level.stride);
    const add = (name: string, channels: number, factor: number, low: number) => {
      const data = new Float32Array(channels * rows * columns);
      for (let i = 0; i < data.length; i++) {
        data[i] = Math.fround(((hashed(start + i) >>> 8) / 2 ** 24) * factor) + low;
      }
      start += data.length;
      heads[name] = { data, dims: [1, channels, rows, columns] };
    };
    add(level.cls, manifest.classes.length, formula.logitRange, formula.logitLow);
    add(level.bbox, 4, formula.reach * level.stride, 0);
    add(level.centerness, 1, 4, -2);
  }
  return heads;
}
