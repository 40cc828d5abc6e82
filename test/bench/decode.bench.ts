/**
 * `npm run bench:decode`: raw heads to boxes, at COCO's size: 800 x 1344 pixels, 22,400 locations, 80 classes, 5,000
 * candidates. The target is a median of 3 ms on a core of its own. The processor's time beside it (of all threads, the mean
 * of the rounds) tells whether others had the core meanwhile; it is not judged.
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import type { DecodeTimes } from './decodeTimes.ts';

const rows: (DecodeTimes & { readonly name: string })[] = [];
afterAll(async () => {
  console.table(rows);
  await mkdir('bench-results', { recursive: true });
  await writeFile(join('bench-results', 'decode.json'), `${JSON.stringify(rows, null, 2)}\n`);
});

it.each([
  { name: '5,000 candidates', above: 1000, target: 3 },
  { name: '5,000 of 25,000 pairs', above: 5000, target: 6 },
])(
  '$name',
  async ({ name, above, target }) => {
    const script = join(import.meta.dirname, 'decodeTimes.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [script, String(above)]);
    const times = JSON.parse(stdout) as DecodeTimes;
    rows.push({ name, ...times });
    expect(times.locations).toBe(22_400);
    // One or two have no width left inside the image.
    expect(Math.abs(times.candidates - 5000)).toBeLessThan(10);
    expect(times.p50, `median; the processor took ${times.processor} ms`).toBeLessThanOrEqual(target);
  },
  120_000,
);
