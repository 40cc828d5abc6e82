import type { Manifest } from './manifest.ts';
import type { HeadTensors, ResizePlan } from './types.ts';

/** Network outputs that cannot be decoded: missing, of another shape, not finite, or nothing but zeros. */
export class HeadsError extends Error {
  readonly code = 'heads-invalid';
  override readonly name = 'HeadsError';
}

/** One feature level: its three tensors, row-major, y outer. */
export interface HeadLevel {
  readonly stride: number;
  /** Columns and rows of the feature map. */
  readonly columns: number;
  readonly rows: number;
  /** `[C, rows, columns]` */
  readonly cls: Float32Array;
  /** `[4, rows, columns]`: left, top, right, bottom. */
  readonly bbox: Float32Array;
  /** `[1, rows, columns]` */
  readonly centerness: Float32Array;
}

/**
 * The head tensors of every level, in the manifest's order, checked against the plan: a level of stride s
 * has ceil(paddedHeight / s) rows and ceil(paddedWidth / s) columns, since every stride-2 layer of ResNet
 * and FPN rounds up. Throws `HeadsError`.
 *
 * Nothing but zeros is refused too: no network computes that, but a GPU that lost its memory gives it.
 */
export function headLevels(heads: HeadTensors, plan: ResizePlan, manifest: Manifest): HeadLevel[] {
  const levels = manifest.outputs.levels.map((level) => {
    const columns = Math.ceil(plan.paddedWidth / level.stride);
    const rows = Math.ceil(plan.paddedHeight / level.stride);
    const tensor = (name: string, channels: number) => checked(heads, name, [1, channels, rows, columns]);
    return {
      stride: level.stride,
      columns,
      rows,
      cls: tensor(level.cls, manifest.classes.length),
      bbox: tensor(level.bbox, 4),
      centerness: tensor(level.centerness, 1),
    };
  });
  if (levels.some(holdsSomething)) return levels;
  throw new HeadsError(
    "All of the network's outputs are zero: the engine computed nothing. Try the image again, or another engine.",
  );
}

/** Nearly always answered by the first value. */
function holdsSomething({ cls, bbox, centerness }: HeadLevel): boolean {
  return [cls, bbox, centerness].some((values) => values.some((value) => value !== 0));
}

function checked(heads: HeadTensors, name: string, shape: readonly number[]): Float32Array {
  const tensor = heads[name];
  if (tensor === undefined) {
    const given = Object.keys(heads).join(', ');
    throw new HeadsError(
      `The network gave no output '${name}', only: ${given}. The manifest is of another model; export it again.`,
    );
  }
  const size = shape.reduce((product, side) => product * side, 1);
  const fits = tensor.dims.length === shape.length && tensor.dims.every((side, i) => side === shape[i]);
  if (!fits || tensor.data.length !== size) {
    throw new HeadsError(
      `Output '${name}' has the shape [${tensor.dims.join(', ')}] (${tensor.data.length} values); ` +
        `the manifest and the image ask for [${shape.join(', ')}]. Export the model again.`,
    );
  }
  return tensor.data;
}

/** Throws `HeadsError` when a value is NaN or infinite. `what` goes into the message. */
export function requireFinite(values: Float32Array, what: string): void {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  // An exponent of all ones means infinite or NaN; adding one to it carries into the sign bit.
  let sign = 0;
  for (let i = 0, end = bits.length; i < end; i++) sign |= ((bits[i] ?? 0) & 0x7fff_ffff) + 0x0080_0000;
  if (sign < 0) throw notFinite(what);
}

export function notFinite(what: string): HeadsError {
  return new HeadsError(
    `The network's ${what} output holds values that are not finite (NaN or infinity). ` +
      'The engine computes wrongly, or the model is broken: try another engine, then export the model again.',
  );
}
