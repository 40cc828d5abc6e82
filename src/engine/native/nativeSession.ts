import { availableParallelism } from 'node:os';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Manifest } from '../../detector/manifest.ts';
import type { HeadTensors } from '../../detector/types.ts';
import { asEngineError } from '../errors.ts';
import { assertContract, headsOf, outputNames } from '../modelContract.ts';
import { openFaster } from '../onnx/openFaster.ts';
import { selfTest } from '../selfTest.ts';

export type NativeProvider = 'webgpu' | 'cpu';

/** Below, the runtime's own convolutions are faster: natively it keeps maps in blocks that suit the processor. */
const WINOGRAD_MIN_CHANNELS = 256;

/** An ONNX Runtime session that has passed its self-test, reduced to what the engine needs. */
export class NativeSession {
  readonly provider: NativeProvider;
  readonly #session: InferenceSession;
  readonly #manifest: Manifest;
  readonly #outputs: readonly string[];

  private constructor(provider: NativeProvider, session: InferenceSession, manifest: Manifest) {
    this.provider = provider;
    this.#session = session;
    this.#manifest = manifest;
    this.#outputs = outputNames(manifest);
  }

  /** Throws `EngineError`: 'backend-unavailable', 'model-invalid' or 'self-test'. */
  static async open(
    manifest: Manifest,
    model: Uint8Array,
    provider: NativeProvider,
    threads: number | undefined,
  ): Promise<NativeSession> {
    const open = async (form: Uint8Array) => {
      const session = await createSession(form, provider, threads);
      try {
        assertContract(manifest, session);
        const opened = new NativeSession(provider, session, manifest);
        await selfTest(manifest, (input, height, width) => opened.run(input, height, width));
        return opened;
      } catch (error) {
        await session.release();
        throw asEngineError(error, 'self-test');
      }
    };
    if (provider !== 'cpu') return open(model);
    const { padDivisor } = manifest.input;
    return openFaster(model, { padDivisor, minChannels: WINOGRAD_MIN_CHANNELS }, open);
  }

  /** @param input float32 `[1,3,height,width]`. One call at a time. */
  async run(input: Float32Array, height: number, width: number): Promise<HeadTensors> {
    const tensor = new Tensor('float32', input, [1, 3, height, width]);
    try {
      const results = await this.#session.run({ [this.#manifest.input.tensor]: tensor }, this.#outputs);
      return headsOf(results, this.#manifest);
    } catch (error) {
      throw asEngineError(error, 'inference-failed');
    }
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** A `NativeSession`, whatever made it. */
export type OpenedSession = Pick<NativeSession, 'provider' | 'run' | 'release'>;

/** Gives a session that has passed its self-test, or throws. */
export type OpenSession = (provider: NativeProvider) => Promise<OpenedSession>;

async function createSession(
  model: Uint8Array,
  provider: NativeProvider,
  threads: number | undefined,
): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(model, {
      executionProviders: [provider],
      intraOpNumThreads: threads ?? defaultThreads(),
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      // Otherwise they stay awake after the network, and take the processor's time from the decoding of the next image and
      // from Label Studio on the same machine.
      extra: { session: { force_spinning_stop: '1' } },
    });
  } catch (error) {
    throw asEngineError(error, provider === 'cpu' ? 'model-invalid' : 'backend-unavailable');
  }
}

/** Physical cores serve convolutions best, and half of the logical ones is the usual number of them. */
function defaultThreads(): number {
  const cores = availableParallelism();
  return cores <= 4 ? cores : Math.ceil(cores / 2);
}
