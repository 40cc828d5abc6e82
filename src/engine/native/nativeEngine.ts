import { detectFromHeads } from '../../detector/detect.ts';
import type { Manifest } from '../../detector/manifest.ts';
import { preprocessSimd } from '../../detector/preprocessSimd.ts';
import { planResize } from '../../detector/resizePlan.ts';
import type { Detection, PixelImage } from '../../detector/types.ts';
import { asEngineError, EngineError } from '../errors.ts';
import { Pipeline } from '../pipeline.ts';
import { timedDecode } from '../timedDecode.ts';
import type { DetectResult, Engine, EngineInfo } from '../types.ts';
import { decodeImage } from './decodeImage.ts';
import { SessionKeeper } from './sessionKeeper.ts';
import type { SessionSettings } from './sessionKeeper.ts';

interface Decoded {
  readonly pixels: PixelImage;
  readonly decodeMs: number;
}

/** sharp decodes ahead, ONNX Runtime infers, one image at a time. What fails on the GPU is tried again (`SessionKeeper`). */
export class NativeEngine implements Engine {
  readonly #manifest: Manifest;
  readonly #sessions: SessionKeeper;
  readonly #pipeline: Pipeline<Decoded, DetectResult>;
  readonly #disposal = new AbortController();
  /** Of the one image that is inferred. */
  #input = new Float32Array(0);

  private constructor(manifest: Manifest, sessions: SessionKeeper) {
    this.#manifest = manifest;
    this.#sessions = sessions;
    this.#pipeline = new Pipeline({
      prepare: decodeBlob,
      infer: (decoded, _image, signal) =>
        this.#infer(decoded, AbortSignal.any([signal, this.#disposal.signal])),
      discard: () => undefined,
    });
  }

  /** Throws what `settings.open` throws. */
  static async open(settings: SessionSettings): Promise<NativeEngine> {
    return new NativeEngine(settings.manifest, await SessionKeeper.begin(settings));
  }

  /** Changes when the CPU takes over from the GPU. */
  get info(): EngineInfo {
    return this.#sessions.info;
  }

  async detect(image: Blob, { signal }: { readonly signal?: AbortSignal } = {}): Promise<DetectResult> {
    signal?.throwIfAborted();
    this.#disposal.signal.throwIfAborted();
    return this.#pipeline.run(image, signal);
  }

  /** Lets the inference under way end, but not begin again; images that wait reject with `EngineError` 'disposed'. */
  async dispose(): Promise<void> {
    if (this.#disposal.signal.aborted) return;
    this.#disposal.abort(new EngineError('disposed'));
    await this.#pipeline.idle();
    await this.#sessions.end();
  }

  async #infer({ pixels, decodeMs }: Decoded, signal: AbortSignal): Promise<DetectResult> {
    signal.throwIfAborted();
    const manifest = this.#manifest;
    const t0 = performance.now();
    const plan = planResize(pixels.width, pixels.height, manifest.input);
    // Images of one shape share it: memory that is fresh costs more than what is written into it.
    const elements = 3 * plan.paddedHeight * plan.paddedWidth;
    if (this.#input.length !== elements) this.#input = new Float32Array(elements);
    preprocessSimd(pixels, plan, manifest.input, this.#input);
    const preprocess = performance.now() - t0;
    return this.#sessions.use(async (session) => {
      const t1 = performance.now();
      const heads = await session.run(this.#input, plan.paddedHeight, plan.paddedWidth);
      const t2 = performance.now();
      const detections = readHeads(() => detectFromHeads(heads, plan, manifest));
      const t3 = performance.now();
      return {
        width: pixels.width,
        height: pixels.height,
        detections,
        timings: {
          decode: decodeMs,
          preprocess,
          infer: t2 - t1,
          postprocess: t3 - t2,
          total: decodeMs + preprocess + t3 - t1,
        },
      };
    }, signal);
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
