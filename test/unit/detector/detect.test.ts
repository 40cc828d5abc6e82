import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { probability, rawFloor, sigmoid } from '../../../src/detector/activation.ts';
import { detectFromHeads } from '../../../src/detector/detect.ts';
import { HeadsError } from '../../../src/detector/heads.ts';
import type { Manifest } from '../../../src/detector/manifest.ts';
import type { HeadTensors } from '../../../src/detector/types.ts';
import { readCase } from './fixtures.ts';

type Tensors = Record<string, { data: Float32Array; dims: number[] }>;

const { manifest, plan, heads, expected } = readCase('heads-borders');
const names = manifest.outputs.levels;

function copy(of: HeadTensors = heads): Tensors {
  return Object.fromEntries(
    Object.entries(of).map(([name, { data, dims }]) => [name, { data: data.slice(), dims: [...dims] }]),
  );
}

function mapped(
  pick: 'cls' | 'bbox' | 'centerness',
  change: (value: number, stride: number) => number,
): Tensors {
  const all = copy();
  for (const level of names) {
    const tensor = all[level[pick]];
    tensor?.data.set(tensor.data.map((value) => change(value, level.stride)));
  }
  return all;
}

function withOutputs(outputs: Partial<Manifest['outputs']>): Manifest {
  return { ...manifest, outputs: { ...manifest.outputs, ...outputs } };
}

function withPostprocess(postprocess: Partial<Manifest['postprocess']>): Manifest {
  return { ...manifest, postprocess: { ...manifest.postprocess, ...postprocess } };
}

describe('what the graph has applied already', () => {
  it('class probabilities give what their logits give', () => {
    const got = detectFromHeads(mapped('cls', sigmoid), plan, withOutputs({ cls: 'probabilities' }));
    expect(got).toEqual(detectFromHeads(heads, plan, manifest));
  });

  it('centerness probabilities give what their logits give', () => {
    const got = detectFromHeads(
      mapped('centerness', sigmoid),
      plan,
      withOutputs({ centerness: 'probabilities' }),
    );
    expect(got).toEqual(detectFromHeads(heads, plan, manifest));
  });

  it('distances in strides give what pixels give', () => {
    const strides = mapped('bbox', (value, stride) => value / stride);
    expect(detectFromHeads(strides, plan, withOutputs({ bbox: 'strides' }))).toEqual(
      detectFromHeads(heads, plan, manifest),
    );
  });

  it('logits where probabilities are promised are refused', () => {
    expect(() =>
      detectFromHeads(
        mapped('cls', () => 3),
        plan,
        withOutputs({ cls: 'probabilities' }),
      ),
    ).toThrow(/holds 3\. It may hold logits/u);
  });
});

describe('post-processing', () => {
  it('takes the root of the score where the manifest says so, and nothing else changes', () => {
    const got = detectFromHeads(heads, plan, withPostprocess({ scoreRule: 'sqrt(cls*centerness)' }));
    expect(got).toHaveLength(expected.length);
    for (const [i, box] of got.entries()) {
      expect(box.score).toBe(Math.fround(Math.sqrt(detectFromHeads(heads, plan, manifest)[i]?.score ?? NaN)));
    }
  });

  it('applies the threshold before centerness, so that scores can lie below it', () => {
    const threshold = 0.05;
    expect(manifest.postprocess.scoreThreshold).toBe(threshold);
    expect(expected.some(({ score }) => score < threshold)).toBe(true);
  });

  it.each([0, 0.05, 0.3, 0.5, 0.7, 0.999, 1])(
    'threshold %d is strict on the float32 probability',
    (threshold) => {
      const got = detectFromHeads(
        mapped('centerness', () => 40),
        plan,
        withPostprocess({
          scoreThreshold: threshold,
          maxPerImage: 1e6,
          nmsPre: 1e6,
          nms: { ...manifest.postprocess.nms, iouThreshold: 1 },
        }),
      );
      const above = names.reduce((sum, { cls }) => {
        const values = heads[cls]?.data ?? new Float32Array();
        return sum + values.filter((value) => sigmoid(value) > Math.fround(threshold)).length;
      }, 0);
      expect(got.length).toBe(above);
    },
  );

  it('drops a probability that equals the threshold', () => {
    const at = (value: number) =>
      detectFromHeads(
        mapped('cls', () => value),
        plan,
        {
          ...withPostprocess({ scoreThreshold: 0.3 }),
          outputs: { ...manifest.outputs, cls: 'probabilities' },
        },
      ).length;
    expect(at(Math.fround(0.3))).toBe(0);
    expect(at(Math.fround(0.3) + 2 ** -25)).toBeGreaterThan(0);
  });

  it('keeps even boxes that are turned inside out when the least size is negative, as MMDetection does', () => {
    const inverted = mapped('bbox', () => -2);
    expect(detectFromHeads(inverted, plan, manifest)).toEqual([]);
    expect(detectFromHeads(inverted, plan, withPostprocess({ minBoxSize: -1 })).length).toBeGreaterThan(0);
  });

  it('gives label i to class channel i', () => {
    for (let label = 0; label < manifest.classes.length; label++) {
      const only = mapped('cls', () => -20);
      const tensor = only[names[0]?.cls ?? ''];
      const area = (tensor?.data.length ?? 0) / manifest.classes.length;
      tensor?.data.fill(4, label * area + 5, label * area + 6);
      expect(detectFromHeads(only, plan, manifest).map((box) => box.label)).toEqual([label]);
    }
  });

  it('keeps boxes in the image, to float32', () => {
    for (const { x1, y1, x2, y2 } of detectFromHeads(heads, plan, manifest)) {
      expect(x1).toBeGreaterThanOrEqual(0);
      expect(y1).toBeGreaterThanOrEqual(0);
      expect(x2).toBeLessThanOrEqual(plan.sourceWidth * (1 + 1e-6));
      expect(y2).toBeLessThanOrEqual(plan.sourceHeight * (1 + 1e-6));
    }
  });

  it('changes nothing in the heads', () => {
    const before = copy();
    detectFromHeads(before, plan, manifest);
    expect(before).toEqual(copy());
  });
});

describe('heads that cannot be decoded', () => {
  const outputs = (['cls', 'bbox', 'centerness'] as const).flatMap((kind) =>
    names.map((level) => level[kind]),
  );

  it.each([Number.NaN, -Number.NaN, Infinity, -Infinity])('%d anywhere is refused', (value) => {
    fc.assert(
      fc.property(fc.constantFrom(...outputs), fc.nat(), (name, at) => {
        const broken = copy();
        const data = broken[name]?.data ?? new Float32Array();
        data[at % data.length] = value;
        expect(() => detectFromHeads(broken, plan, manifest)).toThrow(HeadsError);
        expect(() => detectFromHeads(broken, plan, manifest)).toThrow(/not finite/u);
      }),
    );
  });

  it.each([
    ['cls', 'class'],
    ['bbox', 'box'],
    ['centerness', 'centerness'],
  ] as const)('the message says that it was the %s output', (kind, word) => {
    const broken = mapped(kind, () => Number.NaN);
    expect(() => detectFromHeads(broken, plan, manifest)).toThrow(
      new RegExp(`network's ${word} output holds values that are not finite.*try another engine`, 'u'),
    );
  });

  it('NaN with its sign set, as x86 makes it, is refused', () => {
    const broken = copy();
    const data = broken[outputs[0] ?? '']?.data ?? new Float32Array();
    new Uint32Array(data.buffer)[7] = 0xffc0_0000;
    expect(() => detectFromHeads(broken, plan, manifest)).toThrow(/not finite/u);
  });

  it('a missing output is named, with those that came', () => {
    const rest = Object.fromEntries(Object.entries(copy()).filter(([name]) => name !== 'cls8'));
    expect(() => detectFromHeads(rest, plan, manifest)).toThrow(/no output 'cls8', only: cls16/u);
  });

  it('a shape that does not fit the image is named', () => {
    const wider = { ...plan, paddedWidth: plan.paddedWidth + 32 };
    expect(() => detectFromHeads(heads, wider, manifest)).toThrow(
      /'cls8' has the shape \[1, 3, 8, 12\].*\[1, 3, 8, 16\]/u,
    );
  });

  it('a single side or value too many is refused, and so is one too few', () => {
    const wrongChannels = copy();
    const bbox = wrongChannels.bbox8;
    if (bbox !== undefined) bbox.dims = [1, 5, 8, 12];
    expect(() => detectFromHeads(wrongChannels, plan, manifest)).toThrow(/\[1, 5, 8, 12\] \(384 values\)/u);
    const short = copy();
    const cls = short.cls8;
    if (cls !== undefined) cls.data = cls.data.subarray(1);
    expect(() => detectFromHeads(short, plan, manifest)).toThrow(
      /\[1, 3, 8, 12\] \(287 values\).*Export the/u,
    );
  });

  it('the error says what it is, to people and to programs', () => {
    const rest = Object.fromEntries(Object.entries(copy()).filter(([name]) => !name.endsWith('8')));
    const given = Object.keys(rest).join(', ');
    expect(() => detectFromHeads(rest, plan, manifest)).toThrow(
      expect.objectContaining({
        name: 'HeadsError',
        code: 'heads-invalid',
        message: expect.stringContaining(`only: ${given}. The manifest`) as string,
      }),
    );
  });

  it('a turned shape is refused, though it holds as many values', () => {
    const turned = copy();
    turned.bbox8?.dims.reverse();
    expect(() => detectFromHeads(turned, plan, manifest)).toThrow(/'bbox8' has the shape \[12, 8, 4, 1\]/u);
  });

  it('nothing but zeros is refused, and a single value is not', () => {
    const zeros = copy();
    for (const { data } of Object.values(zeros)) data.fill(0);
    expect(() => detectFromHeads(zeros, plan, manifest)).toThrow(HeadsError);
    expect(() => detectFromHeads(zeros, plan, manifest)).toThrow(
      /outputs are zero: the engine computed nothing/u,
    );
    for (const name of outputs) {
      const one = copy(zeros);
      one[name]?.data.fill(1e-30, -1);
      expect(() => detectFromHeads(one, plan, manifest)).not.toThrow();
    }
  });

  it('a class more than the network has is found', () => {
    const more = { ...manifest, classes: [...manifest.classes, 'one more'] };
    expect(() => detectFromHeads(heads, plan, more)).toThrow(HeadsError);
  });
});

describe('activation', () => {
  const logit = fc.float({ noNaN: true, noDefaultInfinity: true });

  it('is the logistic function to float32, and never decreases', () => {
    fc.assert(
      fc.property(logit, logit, (a, b) => {
        expect(Math.abs(sigmoid(a) - 1 / (1 + Math.exp(-a)))).toBeLessThanOrEqual(1.2e-7);
        expect(sigmoid(Math.min(a, b))).toBeLessThanOrEqual(sigmoid(Math.max(a, b)));
      }),
    );
  });

  it('nothing at or below the raw floor passes the threshold', () => {
    const threshold = fc.oneof(
      fc.float({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 2 ** 24 - 64, max: 2 ** 24 }).map((n) => n / 2 ** 24),
    );
    fc.assert(
      fc.property(threshold, fc.double({ min: 0, max: 1e-3, noNaN: true }), (chosen, below) => {
        const floor = rawFloor(chosen, 'logits');
        expect(sigmoid(Math.fround(floor - below))).toBeLessThanOrEqual(chosen);
        expect(rawFloor(chosen, 'probabilities')).toBeLessThanOrEqual(chosen);
      }),
    );
  });

  it.each([0.01, 0.05, 0.3, 0.5, 0.99])('the raw floor of %d lies close below its logit', (threshold) => {
    const logit = Math.log(threshold) - Math.log1p(-threshold);
    expect(rawFloor(threshold, 'logits')).toBeLessThan(logit);
    expect(rawFloor(threshold, 'logits')).toBeGreaterThan(logit - 2e-4);
  });

  it('a probability lies in 0..1', () => {
    expect([probability(0.25), probability(1)]).toEqual([0.25, 1]);
    expect(Object.is(probability(-0), 0)).toBe(true);
    expect(() => probability(1.01)).toThrow(HeadsError);
    expect(() => probability(-0.01)).toThrow(HeadsError);
  });
});
