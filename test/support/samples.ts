import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';

const folder = join(import.meta.dirname, '..', '..', 'public', 'samples');

/** x1, y1, x2, y2 in pixels of the upright image */
export type Box = readonly [number, number, number, number];

const schema = v.array(
  v.object({
    file: v.string(),
    width: v.number(),
    height: v.number(),
    boxes: v.array(v.tuple([v.number(), v.number(), v.number(), v.number()])),
  }),
);

export type Sample = v.InferOutput<typeof schema>[number];

/** The drawn images that come with the app, and where the faces in them are. */
export async function readSamples(): Promise<readonly Sample[]> {
  return v.parse(schema, JSON.parse(await readFile(join(folder, 'samples.json'), 'utf8')));
}

export function sampleBytes(file: string): Promise<Buffer> {
  return readFile(join(folder, file));
}

/** Intersection over union of two boxes, 0..1. */
export function iou(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const area = (box: Box) => (box[2] - box[0]) * (box[3] - box[1]);
  return (width * height) / (area(a) + area(b) - width * height);
}
