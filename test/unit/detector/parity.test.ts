import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sigmoid } from '../../../src/detector/activation.ts';
import { detectFromHeads } from '../../../src/detector/detect.ts';
import { preprocess } from '../../../src/detector/preprocess.ts';
import { planResize } from '../../../src/detector/resizePlan.ts';
import type { Detection } from '../../../src/detector/types.ts';
import { fixtureNames, readCase } from './fixtures.ts';

const wholeDetectors = fixtureNames('pixels-');
const headsAlone = fixtureNames('heads-');

describe('MMDetection gives the same', () => {
  it.each(wholeDetectors)('resize plan: %s', (name) => {
    const { plan, manifest } = readCase(name);
    expect(planResize(plan.sourceWidth, plan.sourceHeight, manifest.input)).toEqual(plan);
  });

  it.each(wholeDetectors)('network input, bit for bit: %s', (name) => {
    const { plan, manifest, image, inputSha256 } = readCase(name);
    if (image === undefined) throw new Error('no image in the fixture');
    const input = preprocess(image, plan, manifest.input);
    expect(createHash('sha256').update(new Uint8Array(input.buffer)).digest('hex')).toBe(inputSha256);
  });

  it.each([...wholeDetectors, ...headsAlone])('detections, in the same order: %s', (name) => {
    const { plan, manifest, heads, expected } = readCase(name);
    const got = detectFromHeads(heads, plan, manifest);
    expect(got).toHaveLength(expected.length);
    expect(got.map(({ label }) => label)).toEqual(expected.map(({ label }) => label));
    const worst = differences(got, expected);
    if (process.env.PARITY_REPORT) console.log(name, expected.length, worst);
    expect(worst.pixels).toBe(0);
    // torch's exp is not rounded correctly: two units in the last place.
    expect(worst.score).toBeLessThanOrEqual(2e-7);
  });
});

describe('the fixtures', () => {
  it('cover boxes and their absence', () => {
    const counts = [...wholeDetectors, ...headsAlone].map((name) => readCase(name).expected.length);
    expect(counts).toContain(0);
    expect(counts.filter((count) => count > 0).length).toBeGreaterThanOrEqual(15);
    expect(counts).toContain(100);
  });

  it('hold ties, so that their order is tested', () => {
    const { expected } = readCase('heads-ties');
    const scores = expected.map(({ score }) => score);
    expect(new Set(scores).size).toBeLessThan(scores.length / 2);
  });

  it('hold levels with more candidates than go on to NMS, and boxes that depend on the cut', () => {
    const { plan, manifest, heads, expected } = readCase('heads-photo-80');
    const { nmsPre, scoreThreshold } = manifest.postprocess;
    expect(nmsPre).toBe(1000);
    const candidates = manifest.outputs.levels.map(
      ({ cls }) => heads[cls]?.data.filter((logit) => sigmoid(logit) > scoreThreshold).length ?? 0,
    );
    expect(candidates.filter((count) => count > nmsPre).length).toBeGreaterThanOrEqual(3);
    const uncut = { ...manifest, postprocess: { ...manifest.postprocess, nmsPre: Infinity } };
    const boxes = detectFromHeads(heads, plan, uncut).map(({ x1, y1 }) => [x1, y1]);
    expect(boxes).not.toEqual(expected.map(({ x1, y1 }) => [x1, y1]));
  });
});

/** The greatest differences, in pixels and in score. */
function differences(got: readonly Detection[], expected: readonly Detection[]) {
  const worst = { pixels: 0, score: 0 };
  for (const [i, a] of got.entries()) {
    const b = expected[i];
    if (b === undefined) continue;
    worst.score = Math.max(worst.score, Math.abs(a.score - b.score));
    for (const side of ['x1', 'y1', 'x2', 'y2'] as const) {
      worst.pixels = Math.max(worst.pixels, Math.abs(a[side] - b[side]));
    }
  }
  return worst;
}
