import type { GraphNode, ModelFile } from './modelFile.ts';

/** Operators that leave a feature map as large as it was. */
const SAME_SIZE = new Set(['Add', 'Mul', 'Relu', 'Clip', 'BatchNormalization', 'Identity']);

/**
 * Input pixels per cell of each feature map, as far as it follows from convolutions, pooling and element-wise operators.
 * Of a sum that of the operand that is known: the other one was enlarged to its size. Group norm's reshaping is undone by a
 * reshape to the shape of the map it began with, which is followed too. A map that is not in the result may have any size.
 */
export function featureStrides({
  input,
  nodes,
}: Pick<ModelFile, 'input' | 'nodes'>): ReadonlyMap<string, number> {
  const strides = new Map<string, number>([[input, 1]]);
  const shapeOf = new Map<string, string>();
  for (const node of nodes) {
    const output = node.outputs[0] ?? '';
    if (node.op === 'Shape') shapeOf.set(output, node.inputs[0] ?? '');
    const like = node.op === 'Reshape' ? [shapeOf.get(node.inputs[1] ?? '') ?? ''] : node.inputs;
    const before = like.map((name) => strides.get(name)).find((stride) => stride !== undefined);
    const factor = strideOf(node);
    if (before !== undefined && factor !== undefined) strides.set(output, before * factor);
  }
  return strides;
}

function strideOf({ op, attributes }: GraphNode): number | undefined {
  if (op === 'Reshape' || SAME_SIZE.has(op)) return 1;
  if (op !== 'Conv' && op !== 'MaxPool') return undefined;
  const strides = attributes?.strides;
  if (strides === undefined) return 1;
  return Array.isArray(strides) && strides[0] === strides[1] ? Number(strides[0]) : undefined;
}
