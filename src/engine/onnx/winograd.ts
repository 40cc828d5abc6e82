import { featureStrides } from './featureStrides.ts';
import { readModelFile } from './modelFile.ts';
import type { GraphNode, ModelFile, NewTensor } from './modelFile.ts';

/**
 * Winograd's minimal filtering F(4x4, 3x3): sixteen outputs of a 3 x 3 convolution from 36 products where it takes 144.
 * An output tile is Y = A^T [(G g G^T) * (B^T d B)] A for a 6 x 6 tile d of the input and a kernel g; over all channels and
 * tiles, the product in the middle is 36 matrix products. Matrices: Lavin and Gray, "Fast Algorithms for Convolutional Neural
 * Networks" (2015), section 4.1; checked against a direct convolution in the tests.
 */
const OUTPUT = 4;
const TILE = 6;
const B_T = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
];
const G = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
];
const A_T = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 2, -2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, -1, 8, -8, 1],
];

/** Maps of a larger stride have few tiles: there, reading four times as many weights costs more than is saved. */
const MAX_STRIDE = 16;
/** The first operator set in which all that is written here means what it says (`Shape` with a start). */
const MIN_OPSET = 15;
const FLOAT32 = 1;

const shared = {
  kernel: 'forelabel.winograd/kernel',
  tiles: 'forelabel.winograd/tiles',
  outputs: 'forelabel.winograd/outputs',
} as const;

export interface WinogradOptions {
  /** Of the manifest: the sides of the input are multiples of it. */
  readonly padDivisor: number;
  /** Convolutions with fewer input or output channels stay: there, moving the tiles about costs more than is saved. */
  readonly minChannels: number;
}

/**
 * The same network for the CPU, its 3 x 3 convolutions of stride 1 in Winograd's form. The runtime has no such convolution,
 * so it is written out in operators that it has; the weights stay as they are in the file, and the runtime transforms them
 * while it loads it. Results differ by rounding (1e-5 of the largest value, measured). A file without such a
 * convolution, and one that cannot be read here, comes back as it is: what is wrong with it is the runtime's to say.
 */
export function winogradConvolutions(
  model: Uint8Array,
  { padDivisor, minChannels }: WinogradOptions,
): Uint8Array {
  let file: ModelFile;
  try {
    file = readModelFile(model);
  } catch {
    return model;
  }
  if (file.opset < MIN_OPSET) return model;
  const strides = featureStrides(file);
  const channels = float32Kernels(file);
  const rewriting = new Rewriting();
  const nodes = file.nodes.flatMap((node) => {
    const stride = strides.get(node.inputs[0] ?? '');
    const kernel = channels.get(node.inputs[1] ?? '');
    if (stride === undefined || stride > MAX_STRIDE || kernel === undefined) return [node];
    if (!isPlain(node) || Math.min(kernel.in, kernel.out) < minChannels) return [node];
    return rewriting.rewrite(node, kernel, padDivisor % (OUTPUT * stride) === 0);
  });
  return rewriting.added.length === 0 ? model : file.with(nodes, rewriting.added);
}

interface Channels {
  readonly in: number;
  readonly out: number;
}

/** The 3 x 3 kernels among the tensors, by the name under which they reach a convolution as float32. */
function float32Kernels({ initializers, nodes }: ModelFile): Map<string, Channels> {
  const stored = new Map<string, { readonly channels: Channels; readonly isFloat32: boolean }>();
  for (const [name, { dims, type }] of initializers) {
    const [out = 0, input = 0, height, width] = dims;
    if (dims.length !== 4 || height !== 3 || width !== 3) continue;
    stored.set(name, { channels: { in: input, out }, isFloat32: type === FLOAT32 });
  }
  for (const { op, inputs, outputs, attributes } of nodes) {
    const kernel = stored.get(inputs[0] ?? '');
    if (kernel === undefined || (op !== 'Cast' && op !== 'Identity')) continue;
    const isFloat32 = op === 'Cast' ? attributes?.to === FLOAT32 : kernel.isFloat32;
    stored.set(outputs[0] ?? '', { channels: kernel.channels, isFloat32 });
  }
  return new Map(
    [...stored].filter(([, { isFloat32 }]) => isFloat32).map(([name, { channels }]) => [name, channels]),
  );
}

/** A convolution of stride 1 whose output is as large as its input, over all channels. */
function isPlain({ op, attributes = {} }: GraphNode): boolean {
  const { strides, pads, dilations, group } = attributes;
  const ones = (list: unknown, length: number) =>
    Array.isArray(list) && list.length === length && list.every((each) => each === 1);
  return (
    op === 'Conv' &&
    !('auto_pad' in attributes) &&
    ones(pads, 4) &&
    (strides === undefined || ones(strides, 2)) &&
    (dilations === undefined || ones(dilations, 2)) &&
    (group === undefined || group === 1)
  );
}

class Rewriting {
  readonly added: NewTensor[] = [];
  readonly #names = new Set<string>();

  /** @param exact whether the map's sides are always multiples of a tile's. */
  rewrite(conv: GraphNode, channels: Channels, exact: boolean): GraphNode[] {
    const [input = '', weight = '', bias] = conv.inputs;
    const [result = ''] = conv.outputs;
    const { nodes, kernel } = this.#transformedKernel(weight, channels);
    const step = (op: string, inputs: string[], name: string, attributes: GraphNode['attributes'] = {}) => {
      const output = name === '' ? result : `${result}/${name}`;
      nodes.push({ op, inputs, outputs: [output], attributes });
      return output;
    };

    // B^T d B of every 6 x 6 tile: a convolution with 36 kernels of its own. As one over volumes, whose depth are the
    // channels, it leaves [1, 36, channels, tiles down, tiles across], which the products need.
    const volume = step('Unsqueeze', [input, this.#integers('axis', [1])], 'volume');
    const tiles = step('Conv', [volume, this.#matrix(shared.tiles, B_T, [1, 1, TILE, TILE])], 'tiles', {
      kernel_shape: [1, TILE, TILE],
      strides: [1, OUTPUT, OUTPUT],
      pads: [0, 1, 1, 0, OUTPUT, OUTPUT],
    });
    const grid = step('Shape', [tiles], 'grid', { start: 3 });

    const perPoint = this.#integers(`to-points-${channels.in}`, [TILE * TILE, channels.in, -1]);
    const points = step('Reshape', [tiles, perPoint], 'points');
    const products = step('MatMul', [kernel, points], 'products');

    // A^T M A of every tile, then the tiles side by side.
    const flat = step('Reshape', [products, this.#integers('flat', [TILE * TILE, -1])], 'flat');
    const outputs = step('MatMul', [this.#matrix(shared.outputs, A_T), flat], 'outputs');
    const leading = this.#integers(`blocks-${channels.out}`, [1, OUTPUT * OUTPUT * channels.out]);
    const shape = step('Concat', [leading, grid], 'blocks-shape', { axis: 0 });
    const blocks = step('Reshape', [outputs, shape], 'blocks');
    const last = (name: string, isLast: boolean) => (isLast ? '' : name);
    const hasBias = bias !== undefined && bias !== '';
    let map = step('DepthToSpace', [blocks], last('map', exact && !hasBias), {
      blocksize: OUTPUT,
      mode: 'DCR',
    });
    if (!exact) {
      const sides = step('Shape', [input], 'sides', { start: 2 });
      const [from, axes] = [this.#integers('origin', [0, 0]), this.#integers('sides', [2, 3])];
      map = step('Slice', [map, from, sides, axes], last('cropped', !hasBias));
    }
    if (hasBias) {
      const column = step('Unsqueeze', [bias, this.#integers('plane', [1, 2])], 'bias');
      step('Add', [map, column], '');
    }
    return nodes;
  }

  /**
   * G g G^T as [1, 36, out, in]; the levels of a pyramid share their head's. A convolution of one cell, because its result
   * needs no other shape: what lies between the file and the result stays in memory until the whole network is loaded.
   */
  #transformedKernel(weight: string, { in: input, out }: Channels): { nodes: GraphNode[]; kernel: string } {
    const kernel = `${weight}/winograd`;
    if (this.#names.has(kernel)) return { nodes: [], kernel };
    this.#names.add(kernel);
    const [rows, planes] = [`${kernel}/rows`, `${kernel}/planes`];
    const shape = this.#integers(`kernel-${out}-${input}`, [1, out, input, 9]);
    const transform = this.#matrix(shared.kernel, G, [9, 1, 1]);
    const nodes: GraphNode[] = [
      { op: 'Reshape', inputs: [weight, shape], outputs: [rows] },
      { op: 'Transpose', inputs: [rows], outputs: [planes], attributes: { perm: [0, 3, 1, 2] } },
      { op: 'Conv', inputs: [planes, transform], outputs: [kernel], attributes: { kernel_shape: [1, 1] } },
    ];
    return { nodes, kernel };
  }

  /**
   * m x m^T applied to both sides of a tile, as one matrix: entry (i, k), (j, l) is m[i][j] * m[k][l].
   * @param shape of a row, where it is the kernel of a convolution.
   */
  #matrix(name: string, m: readonly (readonly number[])[], shape?: readonly number[]): string {
    if (!this.#names.has(name)) {
      this.#names.add(name);
      const data = new Float32Array(
        m.flatMap((upper) => m.flatMap((lower) => upper.flatMap((a) => lower.map((b) => a * b)))),
      );
      const rows = m.length ** 2;
      this.added.push({ name, dims: [rows, ...(shape ?? [data.length / rows])], data });
    }
    return name;
  }

  #integers(label: string, values: readonly number[]): string {
    const name = `forelabel.winograd/${label}`;
    if (!this.#names.has(name)) {
      this.#names.add(name);
      this.added.push({ name, dims: [values.length], data: BigInt64Array.from(values, BigInt) });
    }
    return name;
  }
}
