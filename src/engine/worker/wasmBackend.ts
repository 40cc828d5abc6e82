import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import type { Manifest } from '../../detector/manifest.ts';
import { preprocessSimd } from '../../detector/preprocessSimd.ts';
import type { HeadTensors, ResizePlan } from '../../detector/types.ts';
import { asEngineError } from '../errors.ts';
import { assertContract, headsOf, outputNames } from '../modelContract.ts';
import { openFaster } from '../onnx/openFaster.ts';
import type { LoadRequest } from '../workerProtocol.ts';
import { readPixels } from './readPixels.ts';
import type { Inference, WorkerBackend } from './workerBackend.ts';

/** More threads than this have not made the convolutions of a detector faster. */
const MAX_THREADS = 4;
/** Below, moving the tiles about costs what the products save. */
const WINOGRAD_MIN_CHANNELS = 64;

/** ONNX Runtime on the CPU; threads where the page is cross-origin isolated. */
export class WasmBackend implements WorkerBackend {
  readonly device: string;
  readonly #session: InferenceSession;
  readonly #manifest: Manifest;
  #input = new Float32Array(0);

  private constructor(session: InferenceSession, manifest: Manifest, threads: number) {
    this.#session = session;
    this.#manifest = manifest;
    this.device = threads === 1 ? '1 CPU thread' : `${threads} CPU threads`;
  }

  /** @param selfTest throws where a backend's numbers are wrong. */
  static async open(
    { manifest, model, threads: wanted }: LoadRequest,
    selfTest: (backend: WasmBackend) => Promise<void>,
  ): Promise<WasmBackend> {
    const usual = Math.min(MAX_THREADS, navigator.hardwareConcurrency);
    const threads = crossOriginIsolated ? (wanted ?? usual) : 1;
    env.wasm.numThreads = threads;
    env.wasm.proxy = false;
    const { padDivisor } = manifest.input;
    return openFaster(model, { padDivisor, minChannels: WINOGRAD_MIN_CHANNELS }, async (form) => {
      const session = await createSession(form);
      try {
        assertContract(manifest, session);
        const backend = new WasmBackend(session, manifest, threads);
        await selfTest(backend);
        return backend;
      } catch (error) {
        await session.release();
        throw error;
      }
    });
  }

  async run(input: Float32Array, height: number, width: number): Promise<HeadTensors> {
    const tensor = new Tensor('float32', input, [1, 3, height, width]);
    const results = await this.#session.run(
      { [this.#manifest.input.tensor]: tensor },
      outputNames(this.#manifest),
    );
    return headsOf(results, this.#manifest);
  }

  async detect(image: ImageBitmap, plan: ResizePlan): Promise<Inference> {
    const start = performance.now();
    const size = 3 * plan.paddedHeight * plan.paddedWidth;
    if (this.#input.length !== size) this.#input = new Float32Array(size);
    preprocessSimd(readPixels(image), plan, this.#manifest.input, this.#input);
    const ready = performance.now();
    const heads = await this.run(this.#input, plan.paddedHeight, plan.paddedWidth);
    return { heads, preprocess: ready - start, infer: performance.now() - ready };
  }
}

async function createSession(model: Uint8Array): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(model, {
      executionProviders: ['wasm'],
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw asEngineError(error, 'backend-unavailable');
  }
}
