import type { Manifest } from './manifest.ts';
import type { HeadTensors } from './types.ts';

export type Golden = Manifest['golden'];

export type GoldenVerdict =
  | { readonly ok: true }
  /** `reason` is a sentence for the user, without a next step. */
  | { readonly ok: false; readonly reason: string };

/**
 * The input of the self-test, float32 `[1, 3, height, width]`: element i is
 * ((i * 2654435761 mod 2^32) >> 8) / 2^24 * 4 - 2, in [-2, 2) and exact in float32.
 */
export function goldenInput(golden: Golden): Float32Array {
  const values = new Float32Array(3 * golden.height * golden.width);
  for (let i = 0; i < values.length; i++) {
    values[i] = ((Math.imul(i, 2654435761) >>> 8) / 2 ** 24) * 4 - 2;
  }
  return values;
}

/**
 * Whether an engine's outputs for `goldenInput` are those of the exported model: each output of the
 * manifest is there, has its size, and is within the tolerance, |got - expected| / max(1, |expected|), at
 * the sampled indices floor(k * size / samples.length). Outputs that are all zero (an engine that computed
 * nothing and said nothing) get a reason of their own.
 */
export function checkGolden(golden: Golden, heads: HeadTensors): GoldenVerdict {
  const outputs = Object.entries(golden.outputs);
  if (outputs.length === 0) return refuse('The model has no golden outputs to test against.');
  for (const [name, { size, samples }] of outputs) {
    const data = heads[name]?.data;
    if (data === undefined) return refuse(`Output '${name}' is missing.`);
    if (data.length !== size) return refuse(`Output '${name}' has ${data.length} values instead of ${size}.`);
    const worst = worstSample(data, samples);
    if (worst.error <= golden.tolerance) continue;
    if (data.every((value) => value === 0)) {
      return refuse(`Output '${name}' is all zeros: the engine computed nothing.`);
    }
    return refuse(
      `Output '${name}' is wrong: ${worst.got} instead of ${worst.expected} at index ${worst.index} ` +
        `(off by ${worst.error.toPrecision(3)}, allowed ${golden.tolerance}).`,
    );
  }
  const nothing = outputs.every(([name]) => heads[name]?.data.every((value) => value === 0));
  return nothing ? refuse('Every output is all zeros: the engine computed nothing.') : { ok: true };
}

interface Sample {
  readonly index: number;
  readonly got: number;
  readonly expected: number;
  /** Infinity where a value is not finite. */
  readonly error: number;
}

function worstSample(data: Float32Array, samples: readonly number[]): Sample {
  let worst: Sample = { index: 0, got: 0, expected: 0, error: 0 };
  for (const [k, expected] of samples.entries()) {
    const index = Math.floor((k * data.length) / samples.length);
    const got = data[index] ?? Number.NaN;
    const deviation = Math.abs(got - expected) / Math.max(1, Math.abs(expected));
    const error = Number.isNaN(deviation) ? Infinity : deviation;
    if (error > worst.error) worst = { index, got, expected, error };
  }
  return worst;
}

function refuse(reason: string): GoldenVerdict {
  return { ok: false, reason };
}
