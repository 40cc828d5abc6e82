import { Worker } from 'node:worker_threads';
import { wrap } from 'comlink';
import type { Remote } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
// Loaded here too: a native library whose last thread ends would be unloaded, with what it has running.
import 'onnxruntime-node';
import type { Manifest } from '../../detector/manifest.ts';
import type { HeadTensors } from '../../detector/types.ts';
import { EngineError } from '../errors.ts';
import { registerErrorTransfer } from '../errorTransfer.ts';
import type { NativeProvider, OpenedSession } from './nativeSession.ts';
import type { SessionThread } from './sessionThread.ts';

registerErrorTransfer();

/** Beside this file, compiled as it is. */
const script = new URL(import.meta.url.replace(/threadSession(?=\.[jt]s$)/u, 'sessionThread'));

/**
 * A `NativeSession` in a thread of its own: onnxruntime-node opens and runs a network in the thread that asks it to, which does
 * nothing else for as long as it takes. The process may end while a session is idle.
 */
export class ThreadSession implements OpenedSession {
  readonly provider: NativeProvider;
  readonly #worker: Worker;
  readonly #remote: Remote<SessionThread>;
  /** Rejections of the calls under way. */
  readonly #calls = new Set<(reason: EngineError) => void>();
  #death: EngineError | undefined;
  /** Images of one shape share it: memory that is fresh costs more than what is written into it. */
  #input: Float32Array = new Float32Array(0);

  private constructor(provider: NativeProvider, worker: Worker) {
    this.provider = provider;
    this.#worker = worker;
    this.#remote = wrap<SessionThread>(nodeEndpoint(worker));
    worker.once('error', (error: unknown) =>
      this.#die(error instanceof Error ? error.message : String(error)),
    );
    worker.once('exit', (code) => this.#die(`its thread ended with code ${code}`));
  }

  /** Throws as `NativeSession.open`, and 'worker-crashed'. */
  static async open(
    manifest: Manifest,
    model: Uint8Array,
    provider: NativeProvider,
    threads: number | undefined,
  ): Promise<ThreadSession> {
    const session = new ThreadSession(provider, new Worker(script));
    try {
      await session.#call(() => session.#remote.open(manifest, model, provider, threads));
      return session;
    } catch (error) {
      await session.#worker.terminate();
      throw error;
    }
  }

  /**
   * @param input float32 `[1,3,height,width]`. One call at a time.
   * Throws as `NativeSession.run`, and 'worker-crashed'.
   */
  run(input: Float32Array, height: number, width: number): Promise<HeadTensors> {
    if (this.#input.length !== input.length) {
      this.#input = new Float32Array(new SharedArrayBuffer(input.byteLength));
    }
    this.#input.set(input);
    return this.#call(() => this.#remote.run(this.#input, height, width));
  }

  async release(): Promise<void> {
    // A thread that is dead already has nothing to say, and what a living one keeps, its end frees.
    await this.#call(() => this.#remote.release()).catch(() => undefined);
    await this.#worker.terminate();
  }

  /** Every call ends: with the thread's answer, or with the thread. comlink alone would wait for ever for one that died. */
  #call<T>(send: () => Promise<T>): Promise<T> {
    if (this.#death !== undefined) return Promise.reject(this.#death);
    this.#worker.ref();
    return new Promise<T>((resolve, reject) => {
      this.#calls.add(reject);
      send()
        .then(resolve, reject)
        .finally(() => {
          this.#calls.delete(reject);
          this.#worker.unref();
        });
    });
  }

  #die(why: string): void {
    this.#death ??= new EngineError('worker-crashed', why);
    for (const reject of this.#calls) reject(this.#death);
    this.#calls.clear();
  }
}
