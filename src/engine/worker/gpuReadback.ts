import type { HeadTensors } from '../../detector/types.ts';

/** A tensor whose values lie on the GPU, as ONNX Runtime hands it out. */
export interface GpuTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly size: number;
  readonly gpuBuffer: GPUBuffer;
}

/**
 * Brings float32 tensors to the CPU in one go: copied side by side into one buffer, which is mapped once. The runtime
 * itself would make, map and wait for a buffer each, one after the other.
 */
export class GpuReadback {
  readonly #device: GPUDevice;
  #staging: GPUBuffer | undefined;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /**
   * @param tensors may be disposed of as soon as the promise settles.
   * @returns copies of their own, by name. Rejects when the device is lost.
   */
  async read(tensors: ReadonlyMap<string, GpuTensor>): Promise<HeadTensors> {
    let bytes = 0;
    for (const { size } of tensors.values()) bytes += size * Float32Array.BYTES_PER_ELEMENT;
    const staging = this.#stagingOf(bytes);
    const encoder = this.#device.createCommandEncoder();
    let at = 0;
    for (const { gpuBuffer, size } of tensors.values()) {
      const length = size * Float32Array.BYTES_PER_ELEMENT;
      encoder.copyBufferToBuffer(gpuBuffer, 0, staging, at, length);
      at += length;
    }
    this.#device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ, 0, bytes);
    try {
      const values = new Float32Array(staging.getMappedRange(0, bytes).slice(0));
      const heads: Record<string, { data: Float32Array; dims: readonly number[] }> = {};
      let from = 0;
      for (const [name, { dims, size }] of tensors) {
        heads[name] = { data: values.subarray(from, from + size), dims };
        from += size;
      }
      return heads;
    } finally {
      staging.unmap();
    }
  }

  /** Images of one shape share it. */
  #stagingOf(bytes: number): GPUBuffer {
    if (this.#staging !== undefined && this.#staging.size >= bytes) return this.#staging;
    this.#staging?.destroy();
    this.#staging = this.#device.createBuffer({
      label: 'readback',
      size: bytes,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    return this.#staging;
  }
}
