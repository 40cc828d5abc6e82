import { parentPort } from 'node:worker_threads';
import { expose, transfer } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { Manifest } from '../../detector/manifest.ts';
import type { HeadTensors } from '../../detector/types.ts';
import { EngineError } from '../errors.ts';
import { registerErrorTransfer } from '../errorTransfer.ts';
import { NativeSession } from './nativeSession.ts';
import type { NativeProvider } from './nativeSession.ts';

/** The thread's side of `ThreadSession`. One session for its life; ended with it. */
export class SessionThread {
  #session: NativeSession | undefined;
  /** The runtime takes no shared memory. */
  #input = new Float32Array(0);

  /** To be called once. Throws as `NativeSession.open`. */
  async open(
    manifest: Manifest,
    model: Uint8Array,
    provider: NativeProvider,
    threads: number | undefined,
  ): Promise<void> {
    this.#session = await NativeSession.open(manifest, model, provider, threads);
  }

  /**
   * @param shared the input, in shared memory.
   * @returns the heads, handed over and not copied.
   * Throws as `NativeSession.run`.
   */
  async run(shared: Float32Array, height: number, width: number): Promise<HeadTensors> {
    if (this.#session === undefined) throw new EngineError('disposed');
    if (this.#input.length !== shared.length) this.#input = new Float32Array(shared.length);
    this.#input.set(shared);
    const heads = await this.#session.run(this.#input, height, width);
    return transfer(
      heads,
      Object.values(heads).map(({ data }) => data.buffer as ArrayBuffer),
    );
  }

  async release(): Promise<void> {
    await this.#session?.release();
    this.#session = undefined;
  }
}

registerErrorTransfer();
if (parentPort !== null) expose(new SessionThread(), nodeEndpoint(parentPort));
