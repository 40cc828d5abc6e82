import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/**
 * An ONNX file as far as a graph is edited here: its nodes, and what the tensors stored in it look like. Everything else
 * is kept as bytes, so that nothing is lost that this code does not know, and no weight is copied to be looked at.
 * Field numbers: `onnx/onnx.proto3`.
 */
export interface ModelFile {
  /** Of the default operator set. */
  readonly opset: number;
  readonly input: string;
  readonly nodes: readonly GraphNode[];
  readonly initializers: ReadonlyMap<string, StoredTensor>;
  /** The same file with these nodes in place of its own, and with more stored tensors. */
  with(nodes: readonly GraphNode[], added: readonly NewTensor[]): Uint8Array<ArrayBuffer>;
}

/** Of the attributes, those that are an integer or a list of integers; the others by name, with an empty list. */
export interface GraphNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number | string | readonly number[]>>;
  /** What it was read from; written back as it is. */
  readonly bytes?: Uint8Array;
}

export interface StoredTensor {
  readonly dims: readonly number[];
  /** `TensorProto.DataType`: 1 is float32, 10 is float16. */
  readonly type: number;
}

export interface NewTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

const MODEL = { graph: 7, opset: 8 } as const;
const OPSET = { domain: 1, version: 2 } as const;
const GRAPH = { node: 1, initializer: 5, input: 11 } as const;
const NODE = { input: 1, output: 2, op: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { name: 1, i: 3, s: 4, ints: 8, type: 20 } as const;
const ATTRIBUTE_TYPE = { int: 2, string: 3, ints: 7 } as const;
const TENSOR = { dims: 1, type: 2, name: 8, raw: 9 } as const;
const DATA_TYPE = { float32: 1, int64: 7 } as const;

/** Throws where `model` is no ONNX file. */
export function readModelFile(model: Uint8Array): ModelFile {
  const fields = fieldsOf(model);
  const graph = fieldsOf(only(fields, MODEL.graph).value);
  const named = (field: number) => graph.filter(({ no }) => no === field);
  const initializers = named(GRAPH.initializer).map(({ value }) => readTensor(value));
  const stored = new Map(initializers.map(({ name, tensor }) => [name, tensor]));
  const inputs = named(GRAPH.input).map(({ value }) => textOf(only(fieldsOf(value), 1).value));
  return {
    opset: readOpset(fields),
    input: inputs.find((name) => !stored.has(name)) ?? '',
    nodes: named(GRAPH.node).map(({ value }) => readNode(value)),
    initializers: stored,
    with(nodes, added) {
      const others = graph.filter(({ no }) => no !== GRAPH.node).map(({ all }) => all);
      const made = [
        ...nodes.map((node) => nested(GRAPH.node, node.bytes ?? writeNode(node))),
        ...added.map((tensor) => nested(GRAPH.initializer, writeTensor(tensor))),
      ];
      const kept = fields.filter(({ no }) => no !== MODEL.graph).map(({ all }) => all);
      const body = [...others, ...made.flat()];
      return joined([...kept, ...head(MODEL.graph, lengthOf(body)), ...body]);
    },
  };
}

interface Field {
  readonly no: number;
  /** Of a text or a message: its bytes. */
  readonly value: Uint8Array;
  /** Of an integer: that. */
  readonly number: number | undefined;
  /** The whole field, with its tag. */
  readonly all: Uint8Array;
}

function fieldsOf(message: Uint8Array): Field[] {
  const reader = new BinaryReader(message);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [no, type] = reader.tag();
    let value: Uint8Array = new Uint8Array();
    let number: number | undefined;
    if (type === WireType.LengthDelimited) value = reader.bytes();
    else if (type === WireType.Varint) number = Number(reader.int64());
    else reader.skip(type, no);
    fields.push({ no, value, number, all: message.subarray(start, reader.pos) });
  }
  return fields;
}

function only(fields: readonly Field[], no: number): Field {
  const field = fields.find((each) => each.no === no);
  if (field === undefined) throw new Error(`The file lacks field ${no}.`);
  return field;
}

function textOf(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}

function readOpset(fields: readonly Field[]): number {
  for (const { no, value } of fields) {
    if (no !== MODEL.opset) continue;
    const opset = fieldsOf(value);
    const domain = textOf(opset.find((field) => field.no === OPSET.domain)?.value);
    if (domain === '' || domain === 'ai.onnx') return only(opset, OPSET.version).number ?? 0;
  }
  throw new Error('The file names no operator set.');
}

function readNode(bytes: Uint8Array): GraphNode {
  const fields = fieldsOf(bytes);
  const texts = (no: number) => fields.filter((field) => field.no === no).map(({ value }) => textOf(value));
  const domain = texts(NODE.domain).join('');
  const attributes: Record<string, number | readonly number[]> = {};
  for (const { no, value } of fields) {
    if (no === NODE.attribute) Object.assign(attributes, readAttribute(value));
  }
  return {
    op: `${domain === '' ? '' : `${domain}.`}${texts(NODE.op).join('')}`,
    inputs: texts(NODE.input),
    outputs: texts(NODE.output),
    attributes,
    bytes,
  };
}

function readAttribute(bytes: Uint8Array): Record<string, number | readonly number[]> {
  const fields = fieldsOf(bytes);
  const integer = fields.find(({ no }) => no === ATTRIBUTE.i);
  return {
    [textOf(only(fields, ATTRIBUTE.name).value)]: integer?.number ?? integers(fields, ATTRIBUTE.ints),
  };
}

/** Some writers pack lists of integers, others do not. */
function integers(fields: readonly Field[], no: number): number[] {
  return fields.flatMap((field) => {
    if (field.no !== no) return [];
    if (field.number !== undefined) return [field.number];
    const reader = new BinaryReader(field.value);
    const list: number[] = [];
    while (reader.pos < reader.len) list.push(Number(reader.int64()));
    return list;
  });
}

function readTensor(bytes: Uint8Array): { name: string; tensor: StoredTensor } {
  const fields = fieldsOf(bytes);
  const name = textOf(only(fields, TENSOR.name).value);
  return {
    name,
    tensor: { dims: integers(fields, TENSOR.dims), type: only(fields, TENSOR.type).number ?? 0 },
  };
}

function writeNode({ op, inputs, outputs, attributes = {} }: GraphNode): Uint8Array {
  const writer = new BinaryWriter();
  for (const input of inputs) writer.tag(NODE.input, WireType.LengthDelimited).string(input);
  for (const output of outputs) writer.tag(NODE.output, WireType.LengthDelimited).string(output);
  writer.tag(NODE.op, WireType.LengthDelimited).string(op);
  for (const [name, value] of Object.entries(attributes)) {
    writer.tag(NODE.attribute, WireType.LengthDelimited).bytes(writeAttribute(name, value));
  }
  return writer.finish();
}

function writeAttribute(name: string, value: number | string | readonly number[]): Uint8Array {
  const writer = new BinaryWriter().tag(ATTRIBUTE.name, WireType.LengthDelimited).string(name);
  const type = (number: number) => writer.tag(ATTRIBUTE.type, WireType.Varint).int32(number);
  if (typeof value === 'number') {
    type(ATTRIBUTE_TYPE.int).tag(ATTRIBUTE.i, WireType.Varint).int64(value);
  } else if (typeof value === 'string') {
    type(ATTRIBUTE_TYPE.string).tag(ATTRIBUTE.s, WireType.LengthDelimited).string(value);
  } else {
    type(ATTRIBUTE_TYPE.ints);
    for (const each of value) writer.tag(ATTRIBUTE.ints, WireType.Varint).int64(each);
  }
  return writer.finish();
}

function writeTensor({ name, dims, data }: NewTensor): Uint8Array {
  const writer = new BinaryWriter();
  for (const dim of dims) writer.tag(TENSOR.dims, WireType.Varint).int64(dim);
  writer
    .tag(TENSOR.type, WireType.Varint)
    .int32(data instanceof Float32Array ? DATA_TYPE.float32 : DATA_TYPE.int64);
  writer.tag(TENSOR.name, WireType.LengthDelimited).string(name);
  // Every machine that runs this is little-endian, as the file is.
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return writer.tag(TENSOR.raw, WireType.LengthDelimited).bytes(raw).finish();
}

function head(no: number, length: number): Uint8Array[] {
  return [new BinaryWriter().tag(no, WireType.LengthDelimited).uint32(length).finish()];
}

function nested(no: number, message: Uint8Array): Uint8Array[] {
  return [...head(no, message.length), message];
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
