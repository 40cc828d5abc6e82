import * as v from 'valibot';
import { modelVersion } from '../../detector/manifest.ts';
import type { Manifest } from '../../detector/manifest.ts';
import { EngineError, isEngineErrorCode, isMachineFailure } from '../errors.ts';
import {
  detectAnswerSchema,
  engineAddresses,
  engineProblemSchema,
  loadAnswerSchema,
  mostImageBytes,
} from '../relayProtocol.ts';
import { Slots } from '../slots.ts';
import type { DetectResult, Engine, EngineInfo } from '../types.ts';
import { decodeBitmap } from './decodeBitmap.ts';

/** On their way at once: one is inferred while the next ones are sent and decoded. */
const IN_FLIGHT = 3;
/** Before the one retry: a relay that is started again needs a moment. */
const RETRY_MS = 300;

export interface RelayEngineOptions {
  readonly manifest: Manifest;
  /** Address of the relay; default: the one that served this page. */
  readonly relay?: string;
  /** Gives the loading up. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks the relay to load the model. Throws `EngineError`: 'relay-failed' when it does not answer, does not know this
 * page or has no such model, else what its engine says; or the reason of `signal`.
 */
export async function createRelayEngine(options: RelayEngineOptions): Promise<Engine> {
  const { manifest, signal } = options;
  const relay = new Relay(options.relay ?? location.origin, modelVersion(manifest));
  const { device, why, warmUpMs } = await relay.load(signal ?? null);
  const info: EngineInfo = {
    backend: 'relay',
    device: `${device} of the machine that Forelabel runs on`,
    why,
    warmUpMs,
    modelVersion: modelVersion(manifest),
  };
  return new RelayEngine(info, relay);
}

/**
 * The native engine of the relay, asked over HTTP: sending and decoding of the next images overlap the inference. An
 * image that the relay fails to answer is sent once more; its second failure is the caller's to deal with. An aborted
 * one is called back, and the relay gives it up.
 */
class RelayEngine implements Engine {
  readonly info: EngineInfo;
  readonly #relay: Relay;
  readonly #slots = new Slots(IN_FLIGHT);
  readonly #disposal = new AbortController();

  constructor(info: EngineInfo, relay: Relay) {
    this.info = info;
    this.#relay = relay;
  }

  async detect(image: Blob, { signal }: { readonly signal?: AbortSignal } = {}): Promise<DetectResult> {
    const signals = signal === undefined ? [this.#disposal.signal] : [signal, this.#disposal.signal];
    const until = AbortSignal.any(signals);
    await this.#slots.acquire(until);
    try {
      return await this.#insist(image, until).catch(async (error: unknown) => {
        if (!(error instanceof EngineError) || error.code !== 'image-unsupported') throw error;
        return this.#insist(await asPng(image), until);
      });
    } finally {
      this.#slots.release();
    }
  }

  /** Images under way reject with `EngineError` 'disposed'. */
  dispose(): Promise<void> {
    this.#disposal.abort(new EngineError('disposed'));
    return Promise.resolve();
  }

  async #insist(image: Blob, signal: AbortSignal): Promise<DetectResult> {
    try {
      return await this.#relay.detect(image, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isMachineFailure(error)) throw error;
    }
    await pause(RETRY_MS, signal);
    return this.#relay.detect(image, signal);
  }
}

/**
 * What the browser can read and the relay cannot (BMP), in a form that it can: the same pixels. Throws `EngineError`
 * where the browser cannot read it either.
 */
async function asPng(image: Blob): Promise<Blob> {
  const bitmap = await decodeBitmap(image);
  try {
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext('2d', { alpha: false });
    if (context === null) throw new EngineError('out-of-memory', 'no canvas');
    context.drawImage(bitmap, 0, 0);
    return await canvas.convertToBlob({ type: 'image/png' });
  } finally {
    bitmap.close();
  }
}

/** The two calls, and what their answers mean. */
class Relay {
  readonly #base: string;
  readonly #model: string;
  /** Tells this page from others, which take turns with it. */
  readonly #page = Math.random().toString(36).slice(2);

  constructor(base: string, model: string) {
    this.#base = base;
    this.#model = model;
  }

  async load(signal: AbortSignal | null) {
    const answer = await this.#ask(engineAddresses.load, null, signal);
    return parsed(loadAnswerSchema, await this.#json(answer, signal));
  }

  async detect(image: Blob, signal: AbortSignal): Promise<DetectResult> {
    if (image.size > mostImageBytes) {
      throw new EngineError('image-too-large', `more than ${mostImageBytes / 1024 / 1024} MB in its file`);
    }
    const start = performance.now();
    const answer = await this.#ask(engineAddresses.detect, image, signal);
    const { heldMs, timings, ...found } = parsed(detectAnswerSchema, await this.#json(answer, signal));
    const transfer = Math.max(0, performance.now() - start - heldMs);
    return { ...found, timings: { ...timings, transfer, total: timings.total + transfer } };
  }

  async #ask(address: string, body: Blob | null, signal: AbortSignal | null): Promise<Response> {
    const query = new URLSearchParams({ model: this.#model, page: this.#page });
    let answer: Response;
    try {
      answer = await fetch(`${this.#base}${address}?${query.toString()}`, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream', accept: 'application/json' },
        cache: 'no-store',
        redirect: 'error',
        body,
        signal,
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new EngineError('relay-failed', 'it does not answer', { cause });
    }
    if (!answer.ok) throw await refusal(answer, signal);
    return answer;
  }

  async #json(answer: Response, signal: AbortSignal | null): Promise<unknown> {
    try {
      return (await answer.json()) as unknown;
    } catch (cause) {
      signal?.throwIfAborted();
      throw new EngineError('relay-failed', 'its answer was cut off or is no JSON', { cause });
    }
  }
}

/** The engine's own error again; of everything else, why the relay cannot be used. */
async function refusal(answer: Response, signal: AbortSignal | null): Promise<EngineError> {
  const body: unknown = await answer.json().catch(() => null);
  signal?.throwIfAborted();
  const problem = v.safeParse(engineProblemSchema, body);
  const code = problem.success ? problem.output.error.code : null;
  // A relay that is ending says so of its engines; ours is not.
  if (problem.success && code !== null && code !== 'disposed' && isEngineErrorCode(code)) {
    return new EngineError(code, problem.output.error.detail);
  }
  if (answer.status === 413) return new EngineError('image-too-large', 'more than the relay takes');
  return new EngineError('relay-failed', reasonOf(answer.status, code));
}

function reasonOf(status: number, code: string | null): string {
  if (code === 'model-not-found') return 'it does not have this model';
  if (status === 401 || status === 403) return 'it does not know this page any more; reload it';
  if (code === 'disposed') return 'it is ending';
  return `it answered ${status}`;
}

function parsed<Schema extends v.GenericSchema>(schema: Schema, answer: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, answer);
  // Another server answers every address with its page.
  if (!result.success) throw new EngineError('relay-failed', 'its answer is not of this version');
  return result.output;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', gone);
      resolve();
    }, ms);
    signal.addEventListener('abort', gone, { once: true });
  });
}
