import { env, InferenceSession, Tensor } from 'onnxruntime-web/webgpu';
import type { Manifest } from '../../detector/manifest.ts';
import type { HeadTensors, ResizePlan } from '../../detector/types.ts';
import { asEngineError, EngineError } from '../errors.ts';
import { assertContract, outputNames, outputsOf } from '../modelContract.ts';
import type { LoadRequest } from '../workerProtocol.ts';
import { GpuPreprocess } from './gpuPreprocess.ts';
import { GpuReadback } from './gpuReadback.ts';
import { preprocessSelfTest } from './preprocessSelfTest.ts';
import { openGpuDevice } from './openGpuDevice.ts';
import type { Inference, WorkerBackend } from './workerBackend.ts';

/** What ONNX Runtime says of a device without 'shader-f16'. */
const NO_HALVES = 'requires f16';
const SAID_OF_HALVES = 'this GPU cannot compute in half precision, in which the model computes';

/** ONNX Runtime on a GPU device of ours, fed by our own compute pass: pixels never come back to the CPU. */
export class WebgpuBackend implements WorkerBackend {
  readonly device: string;
  readonly #gpu: GPUDevice;
  readonly #session: InferenceSession;
  readonly #manifest: Manifest;
  readonly #preprocess: GpuPreprocess;
  readonly #readback: GpuReadback;
  #input: { readonly buffer: GPUBuffer; readonly tensor: Tensor } | undefined;
  #failure: EngineError | undefined;

  private constructor(
    device: string,
    gpu: GPUDevice,
    session: InferenceSession,
    preprocess: GpuPreprocess,
    manifest: Manifest,
  ) {
    this.device = device;
    this.#gpu = gpu;
    this.#session = session;
    this.#preprocess = preprocess;
    this.#readback = new GpuReadback(gpu);
    this.#manifest = manifest;
    void gpu.lost.then(({ message }) => (this.#failure = new EngineError('device-lost', message)));
    // Errors of the GPU reach nobody's promise; without this a failed allocation would mean wrong numbers.
    gpu.addEventListener('uncapturederror', ({ error }) => {
      const code = error instanceof GPUOutOfMemoryError ? 'out-of-memory' : 'inference-failed';
      this.#failure ??= new EngineError(code, error.message);
    });
  }

  /** Throws `EngineError`: 'backend-unavailable', 'self-test' or 'model-invalid'. */
  static async open({ manifest, model, allowSoftwareGpu }: LoadRequest): Promise<WebgpuBackend> {
    const { device: gpu, name } = await openGpuDevice(allowSoftwareGpu);
    const preprocess = await GpuPreprocess.create(gpu, manifest.input);
    await preprocessSelfTest(gpu, preprocess, manifest.input);
    // The work is on the GPU: threads of the wasm part would only take memory.
    env.wasm.numThreads = 1;
    env.wasm.proxy = false;
    const session = await InferenceSession.create(model, {
      // Only here does the runtime take our device; `env.webgpu.device` is ignored without a word.
      executionProviders: [{ name: 'webgpu', device: gpu }],
      graphOptimizationLevel: 'all',
      // Read back by us, all at once. A run on a lost device resolves as if nothing had happened; reading does not.
      preferredOutputLocation: 'gpu-buffer',
      logSeverityLevel: 3,
    }).catch((error: unknown) => {
      throw String(error).includes(NO_HALVES)
        ? new EngineError('backend-unavailable', SAID_OF_HALVES, { cause: error })
        : asEngineError(error, 'backend-unavailable');
    });
    assertContract(manifest, session);
    return new WebgpuBackend(name, gpu, session, preprocess, manifest);
  }

  async run(input: Float32Array, height: number, width: number): Promise<HeadTensors> {
    return this.#infer(new Tensor('float32', input, [1, 3, height, width]));
  }

  async detect(image: ImageBitmap, plan: ResizePlan): Promise<Inference> {
    const start = performance.now();
    const { buffer, tensor } = this.#inputFor(plan.paddedHeight, plan.paddedWidth);
    this.#preprocess.encode(image, plan, buffer);
    const ready = performance.now();
    const heads = await this.#infer(tensor);
    return { heads, preprocess: ready - start, infer: performance.now() - ready };
  }

  async #infer(tensor: Tensor): Promise<HeadTensors> {
    try {
      const feeds = { [this.#manifest.input.tensor]: tensor };
      const results = await this.#session.run(feeds, outputNames(this.#manifest));
      try {
        const heads = await this.#readback.read(outputsOf(results, this.#manifest));
        if (this.#failure !== undefined) throw this.#failure;
        return heads;
      } finally {
        // Back to the runtime, which would else take new buffers for each image.
        for (const output of Object.values(results)) output.dispose();
      }
    } catch (error) {
      // What the device said comes first: the runtime only sees that something failed.
      throw this.#failure ?? asEngineError(error, 'inference-failed');
    }
  }

  /** The input tensor lives as long as the shape stays the same. */
  #inputFor(height: number, width: number): { readonly buffer: GPUBuffer; readonly tensor: Tensor } {
    const old = this.#input;
    if (old?.tensor.dims[2] === height && old.tensor.dims[3] === width) return old;
    old?.tensor.dispose();
    old?.buffer.destroy();
    const buffer = this.#gpu.createBuffer({
      size: 3 * height * width * Float32Array.BYTES_PER_ELEMENT,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
    });
    const tensor = Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims: [1, 3, height, width] });
    this.#input = { buffer, tensor };
    return this.#input;
  }
}
