import { detectFromHeads } from '../../detector/detect.ts';
import { modelVersion } from '../../detector/manifest.ts';
import type { Manifest } from '../../detector/manifest.ts';
import { preprocessSimd } from '../../detector/preprocessSimd.ts';
import { planResize } from '../../detector/resizePlan.ts';
import type { Detection, PixelImage } from '../../detector/types.ts';
import { asEngineError, EngineError } from '../errors.ts';
import { Pipeline } from '../pipeline.ts';
import { timedDecode } from '../timedDecode.ts';
import type { DetectResult, Engine, EngineInfo } from '../types.ts';
import { decodeImage } from './decodeImage.ts';
import { mayHaveGpu } from './gpuThere.ts';
import { NativeSession } from './nativeSession.ts';
import type { NativeProvider } from './nativeSession.ts';
import { assertModelHash, readModel } from './readModel.ts';
import type { ModelBytes } from './readModel.ts';

export type NativeEngineOptions = ({ readonly modelDir: string } | ModelBytes) & {
  /** Threads of one inference on the CPU; default: the physical cores, as far as they can be told. */
  readonly threads?: number;
  /** false (default): CPU. 'auto': the GPU where it passes the self-test and is faster. true: the GPU or an error. */
  readonly gpu?: boolean | 'auto';
};

/**
 * The detector in Node: sharp decodes, ONNX Runtime infers. Decoding of the next images overlaps the
 * inference of the current one; call `detect` for a few images at a time to profit from it.
 *
 * Throws `ManifestError`, or `EngineError`: 'model-hash', 'model-invalid', 'self-test', 'backend-unavailable'.
 */
export async function createNativeEngine(options: NativeEngineOptions): Promise<Engine> {
  const bytes = 'modelDir' in options ? await readModel(options.modelDir) : options;
  assertModelHash(bytes);
  const start = performance.now();
  const { session, why } = await openSession(bytes, options);
  const info: EngineInfo = {
    backend: 'native',
    device: session.provider === 'cpu' ? 'CPU' : 'GPU',
    why,
    warmUpMs: performance.now() - start,
    modelVersion: modelVersion(bytes.manifest),
  };
  return new NativeEngine(info, session, bytes.manifest);
}

async function openSession(
  { manifest, model }: ModelBytes,
  { gpu = false, threads }: NativeEngineOptions,
): Promise<{ session: NativeSession; why: string }> {
  const open = async (provider: NativeProvider): Promise<NativeSession> => {
    const session = await NativeSession.open(manifest, model, provider, threads);
    await runOnce(session, manifest);
    return session;
  };
  if (gpu === false) return { session: await open('cpu'), why: 'ONNX Runtime on the CPU was asked for.' };
  if (gpu === 'auto' && !mayHaveGpu()) {
    return { session: await open('cpu'), why: 'This machine has no GPU, so the CPU is used.' };
  }
  let onGpu: NativeSession;
  try {
    onGpu = await open('webgpu');
  } catch (error) {
    if (gpu === true) throw error;
    const reason = error instanceof EngineError ? (error.detail ?? error.code) : String(error);
    return {
      session: await open('cpu'),
      why: `The GPU could not be used (${gist(reason)}), so the CPU is.`,
    };
  }
  if (gpu === true) return { session: onGpu, why: 'The GPU passed the self-test.' };
  return fasterOf(onGpu, await open('cpu'), manifest);
}

/** A GPU that a driver emulates passes every test, and a weak one may be slower than the CPU beside it. */
async function fasterOf(
  onGpu: NativeSession,
  onCpu: NativeSession,
  manifest: Manifest,
): Promise<{ session: NativeSession; why: string }> {
  const gpuMs = Math.round(await runOnce(onGpu, manifest));
  const cpuMs = Math.round(await runOnce(onCpu, manifest));
  if (gpuMs <= cpuMs) {
    await onCpu.release();
    return {
      session: onGpu,
      why: `The GPU passed the self-test and takes ${gpuMs} ms where the CPU takes ${cpuMs} ms.`,
    };
  }
  await onGpu.release();
  return { session: onCpu, why: `The CPU takes ${cpuMs} ms where the GPU takes ${gpuMs} ms.` };
}

/**
 * Milliseconds of the network at the usual shape. The first run at a shape allocates and compiles; images should not
 * pay for it.
 */
async function runOnce(session: NativeSession, manifest: Manifest): Promise<number> {
  const { width, height } = manifest.input.resize;
  const plan = planResize(width, height, manifest.input);
  const input = new Float32Array(3 * plan.paddedHeight * plan.paddedWidth);
  const start = performance.now();
  await session.run(input, plan.paddedHeight, plan.paddedWidth);
  return performance.now() - start;
}

interface Decoded {
  readonly pixels: PixelImage;
  readonly decodeMs: number;
}

class NativeEngine implements Engine {
  readonly info: EngineInfo;
  readonly #session: NativeSession;
  readonly #manifest: Manifest;
  readonly #pipeline: Pipeline<Decoded, DetectResult>;
  /** Of the one image that is inferred. */
  #input = new Float32Array(0);
  #disposed = false;

  constructor(info: EngineInfo, session: NativeSession, manifest: Manifest) {
    this.info = info;
    this.#session = session;
    this.#manifest = manifest;
    this.#pipeline = new Pipeline({
      prepare: decodeBlob,
      infer: (decoded) => this.#infer(decoded),
      discard: () => undefined,
    });
  }

  async detect(image: Blob, { signal }: { readonly signal?: AbortSignal } = {}): Promise<DetectResult> {
    signal?.throwIfAborted();
    if (this.#disposed) throw new EngineError('disposed');
    return this.#pipeline.run(image, signal);
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#pipeline.idle();
    await this.#session.release();
  }

  async #infer({ pixels, decodeMs }: Decoded): Promise<DetectResult> {
    if (this.#disposed) throw new EngineError('disposed');
    const manifest = this.#manifest;
    const t0 = performance.now();
    const plan = planResize(pixels.width, pixels.height, manifest.input);
    // Images of one shape share it: memory that is fresh costs more than what is written into it.
    const elements = 3 * plan.paddedHeight * plan.paddedWidth;
    if (this.#input.length !== elements) this.#input = new Float32Array(elements);
    preprocessSimd(pixels, plan, manifest.input, this.#input);
    const t1 = performance.now();
    const heads = await this.#session.run(this.#input, plan.paddedHeight, plan.paddedWidth);
    const t2 = performance.now();
    const detections = readHeads(() => detectFromHeads(heads, plan, manifest));
    const t3 = performance.now();
    return {
      width: pixels.width,
      height: pixels.height,
      detections,
      timings: {
        decode: decodeMs,
        preprocess: t1 - t0,
        infer: t2 - t1,
        postprocess: t3 - t2,
        total: decodeMs + t3 - t0,
      },
    };
  }
}

/** Heads that are not finite or of the wrong shape are a failure of the runtime, not of the image. */
function readHeads(read: () => Detection[]): Detection[] {
  try {
    return read();
  } catch (error) {
    throw asEngineError(error, 'inference-failed');
  }
}

async function decodeBlob(image: Blob, turn: Promise<void>): Promise<Decoded> {
  const [pixels, decodeMs] = await timedDecode(
    async (atItsTurn) => decodeImage(new Uint8Array(await image.arrayBuffer()), atItsTurn),
    turn,
  );
  return { pixels, decodeMs };
}

/** Of ONNX Runtime's account, which begins with its own source, the part that says what happened. */
function gist(text: string): string {
  const line = text.split('\n', 1)[0] ?? '';
  return (line.split('was false. ').at(-1) ?? line).slice(0, 160);
}
