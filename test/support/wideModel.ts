import { readModelFile } from '../../src/engine/onnx/modelFile.ts';

/** A model and, beside it, a convolution of as many channels as a large network has; no output needs it. */
export function wideModel(model: Uint8Array, channels: number): Uint8Array<ArrayBuffer> {
  const file = readModelFile(model);
  const attributes = {
    kernel_shape: [3, 3],
    strides: [1, 1],
    pads: [1, 1, 1, 1],
    dilations: [1, 1],
    group: 1,
  };
  const conv = (from: string, weights: string, to: string) =>
    ({ op: 'Conv', inputs: [from, weights], outputs: [to], attributes }) as const;
  const weights = (name: string, from: number) =>
    ({ name, dims: [channels, from, 3, 3], data: new Float32Array(channels * from * 9) }) as const;
  return file.with(
    [...file.nodes, conv(file.input, 'widening', 'wide'), conv('wide', 'widest', 'unused')],
    [weights('widening', 3), weights('widest', channels)],
  );
}

/** Whether a convolution of the file is written out in Winograd's form. */
export const isWinograd = (model: Uint8Array): boolean =>
  readModelFile(model).nodes.some(({ op }) => op === 'DepthToSpace');
