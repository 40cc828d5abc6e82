import type { ManifestInput } from '../../detector/manifest.ts';
import { preprocess } from '../../detector/preprocess.ts';
import { planResize } from '../../detector/resizePlan.ts';
import { columnTaps, rowTaps } from '../../detector/resizeTaps.ts';
import type { ResizePlan } from '../../detector/types.ts';
import shader from './preprocess.wgsl?raw';
import { spans } from './tiles.ts';
import type { Span } from './tiles.ts';

/** A texture of this side takes 64 MB; larger images pass through it in tiles. */
const TILE_SIDE = 4096;
const WORKGROUP = 16;
/** Size of the shader's `Tile`, rounded up to what a uniform needs. */
const TILE_BYTES = 48;

/** Resizes and normalises bitmaps into a GPU buffer, bit for bit as the twin in `src/detector` does. */
export class GpuPreprocess {
  readonly #device: GPUDevice;
  readonly #pipeline: GPUComputePipeline;
  readonly #swap: boolean;
  readonly #normalised: GPUBuffer;
  readonly #tile: GPUBuffer;
  readonly #tileSide: number;
  #columns: GPUBuffer | undefined;
  #rows: GPUBuffer | undefined;
  #texture: GPUTexture | undefined;

  private constructor(
    device: GPUDevice,
    pipeline: GPUComputePipeline,
    input: ManifestInput,
    tileSide: number,
  ) {
    this.#device = device;
    this.#pipeline = pipeline;
    this.#swap = input.channelOrder === 'bgr';
    this.#normalised = this.#filled(undefined, normaliseTables(input), GPUBufferUsage.STORAGE);
    this.#tile = device.createBuffer({
      size: TILE_BYTES,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    this.#tileSide = Math.min(tileSide, device.limits.maxTextureDimension2D);
  }

  /** @param tileSide longest side of a texture in pixels; less than the default only in tests. */
  static async create(device: GPUDevice, input: ManifestInput, tileSide = TILE_SIDE): Promise<GpuPreprocess> {
    const module = device.createShaderModule({ label: 'preprocess', code: shader });
    const pipeline = await device.createComputePipelineAsync({
      label: 'preprocess',
      layout: 'auto',
      compute: { module, entryPoint: 'main' },
    });
    return new GpuPreprocess(device, pipeline, input, tileSide);
  }

  /**
   * Queues the work and returns; whatever is queued on the device after it sees the result.
   *
   * @param image straight (not premultiplied) and upright; alpha is ignored.
   * @param tensor takes float32 `[3, paddedHeight, paddedWidth]`; usage STORAGE and COPY_DST.
   */
  encode(image: ImageBitmap, plan: ResizePlan, tensor: GPUBuffer): void {
    const columnTable = columnTaps(plan.sourceWidth, plan.width);
    const rowTable = rowTaps(plan.sourceHeight, plan.height);
    this.#columns = this.#filled(this.#columns, columnTable, GPUBufferUsage.STORAGE);
    this.#rows = this.#filled(this.#rows, rowTable, GPUBufferUsage.STORAGE);
    if (plan.width !== plan.paddedWidth || plan.height !== plan.paddedHeight) {
      const encoder = this.#device.createCommandEncoder();
      encoder.clearBuffer(tensor);
      this.#device.queue.submit([encoder.finish()]);
    }
    const across = spans(columnTable, this.#tileSide);
    const down = spans(rowTable, this.#tileSide);
    const texture = this.#textureFor(longest(across), longest(down));
    const bindGroup = this.#bind(texture, this.#columns, this.#rows, tensor);
    for (const y of down) for (const x of across) this.#pass(image, plan, { x, y }, texture, bindGroup);
  }

  #pass(
    image: ImageBitmap,
    plan: ResizePlan,
    { x, y }: { x: Span; y: Span },
    texture: GPUTexture,
    bindGroup: GPUBindGroup,
  ): void {
    const { queue } = this.#device;
    queue.copyExternalImageToTexture(
      { source: image, origin: [x.from, y.from] },
      { texture, premultipliedAlpha: false },
      [x.fromLength, y.fromLength],
    );
    const { paddedWidth, paddedHeight } = plan;
    const swap = this.#swap ? 1 : 0;
    const tile = [x.to, y.to, x.toLength, y.toLength, x.from, y.from, paddedWidth, paddedHeight, swap];
    queue.writeBuffer(this.#tile, 0, new Uint32Array(tile));
    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.#pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(Math.ceil(x.toLength / WORKGROUP), Math.ceil(y.toLength / WORKGROUP));
    pass.end();
    queue.submit([encoder.finish()]);
  }

  #bind(texture: GPUTexture, columns: GPUBuffer, rows: GPUBuffer, tensor: GPUBuffer): GPUBindGroup {
    const buffers = [columns, rows, this.#normalised, tensor, this.#tile];
    return this.#device.createBindGroup({
      layout: this.#pipeline.getBindGroupLayout(0),
      entries: [
        { binding: 0, resource: texture.createView() },
        ...buffers.map((buffer, i) => ({ binding: i + 1, resource: { buffer } })),
      ],
    });
  }

  /** One texture is kept and grows: a run's images are mostly of one size. */
  #textureFor(width: number, height: number): GPUTexture {
    const old = this.#texture;
    if (old !== undefined && old.width >= width && old.height >= height) return old;
    old?.destroy();
    this.#texture = this.#device.createTexture({
      size: [Math.max(width, old?.width ?? 0), Math.max(height, old?.height ?? 0)],
      format: 'rgba8unorm',
      usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST | GPUTextureUsage.RENDER_ATTACHMENT,
    });
    return this.#texture;
  }

  /** `buffer` with `data` in it, made anew where it is too small. */
  #filled(buffer: GPUBuffer | undefined, data: Int32Array | Float32Array, usage: number): GPUBuffer {
    let target = buffer;
    if (target === undefined || target.size < data.byteLength) {
      target?.destroy();
      target = this.#device.createBuffer({ size: data.byteLength, usage: usage | GPUBufferUsage.COPY_DST });
    }
    this.#device.queue.writeBuffer(target, 0, data.buffer, data.byteOffset, data.byteLength);
    return target;
  }
}

/** Runs all 256 grays through the twin, unscaled: its own tables, whatever its rounding. */
function normaliseTables(input: ManifestInput): Float32Array {
  const unscaled: ManifestInput = {
    ...input,
    resize: { rule: 'stretch', width: 256, height: 1 },
    padDivisor: 1,
  };
  const data = Uint8Array.from({ length: 256 * 3 }, (_, i) => Math.floor(i / 3));
  return preprocess({ width: 256, height: 1, channels: 3, data }, planResize(256, 1, unscaled), unscaled);
}

function longest(parts: readonly Span[]): number {
  return Math.max(...parts.map((part) => part.fromLength));
}
