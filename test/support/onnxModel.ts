import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { readModelFile } from '../../src/engine/onnx/modelFile.ts';
import type { GraphNode, NewTensor } from '../../src/engine/onnx/modelFile.ts';

const text = (writer: BinaryWriter, no: number, value: string) =>
  writer.tag(no, WireType.LengthDelimited).string(value);
const message = (writer: BinaryWriter, no: number, value: Uint8Array) =>
  writer.tag(no, WireType.LengthDelimited).bytes(value);

/** A float32 tensor of any shape under that name: `ValueInfoProto`. */
function value(name: string, dims: readonly (number | string)[]): Uint8Array {
  const shape = new BinaryWriter();
  for (const dim of dims) {
    const written = new BinaryWriter();
    if (typeof dim === 'string') text(written, 2, dim);
    else written.tag(1, WireType.Varint).int64(dim);
    message(shape, 1, written.finish());
  }
  const tensor = new BinaryWriter().tag(1, WireType.Varint).int32(1);
  message(tensor, 2, shape.finish());
  const type = message(new BinaryWriter(), 1, tensor.finish());
  return message(text(new BinaryWriter(), 1, name), 2, type.finish()).finish();
}

/** An ONNX file with the input `image` [1, channels, height, width] and these nodes; `outputs` are four-dimensional. */
export function onnxModel(
  channels: number,
  nodes: readonly GraphNode[],
  tensors: readonly NewTensor[],
  { outputs = ['out'], opset = 17 }: { readonly outputs?: readonly string[]; readonly opset?: number } = {},
): Uint8Array<ArrayBuffer> {
  const graph = text(new BinaryWriter(), 2, 'test');
  message(graph, 11, value('image', [1, channels, 'height', 'width']));
  for (const output of outputs) message(graph, 12, value(output, [1, 'c', `${output}-h`, `${output}-w`]));
  const model = new BinaryWriter().tag(1, WireType.Varint).int64(8);
  message(model, 7, graph.finish());
  message(model, 8, new BinaryWriter().tag(2, WireType.Varint).int64(opset).finish());
  return readModelFile(model.finish()).with(nodes, tensors);
}
