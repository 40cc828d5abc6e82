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
  type SocketAnswer,
} from '../relayProtocol.ts';
import { Slots } from '../slots.ts';
import type { DetectResult, Engine, EngineInfo } from '../types.ts';
import { decodeBitmap } from './decodeBitmap.ts';
import { RelaySocket } from './relaySocket.ts';
import { inSeconds, usualLimits, Watchdog, watched, type WatchdogLimits } from './watchdog.ts';

/** On their way at once: one is inferred while the next ones are sent and decoded. */
const IN_FLIGHT = 3;
/** Before the one retry: a relay that is started again needs a moment. */
const RETRY_MS = 300;
/**
 * An image on its way over a slow link, here one of 0.8 Mbit/s, is not taken for one that is never answered; nor is one that
 * waits for other pages, or for the relay to load the model once more.
 */
const BYTES_PER_MS = 100;
const LEAST_MS = 60_000;

export interface RelayEngineOptions {
  readonly manifest: Manifest;
  /** Address of the relay; default: the one that served this page. */
  readonly relay?: string;
  /** Gives the loading up. */
  readonly signal?: AbortSignal | undefined;
  readonly limits?: WatchdogLimits;
}

/**
 * Asks the relay to load the model. Throws `EngineError`: 'relay-failed' when it does not answer, does not know this
 * page or has no such model, else what its engine says; or the reason of `signal`.
 */
export async function createRelayEngine(options: RelayEngineOptions): Promise<Engine> {
  const { manifest, signal = new AbortController().signal } = options;
  const limits = options.limits ?? { ...usualLimits, leastMs: LEAST_MS };
  const relay = new Relay(options.relay ?? location.origin, modelVersion(manifest));
  const { device, why, warmUpMs } = await answered(limits.loadMs, signal, (until) => relay.load(until));
  const info: EngineInfo = {
    backend: 'relay',
    device: `${device} of the machine that Forelabel runs on`,
    why,
    warmUpMs,
    modelVersion: modelVersion(manifest),
  };
  return new RelayEngine(info, relay, new Watchdog(limits, warmUpMs));
}

/**
 * The native engine of the relay: sending and decoding of the next images overlap the inference. An
 * image that the relay fails to answer, or does not answer in time, is sent once more; its second failure is the caller's
 * to deal with. An aborted one is called back, and the relay gives it up.
 */
class RelayEngine implements Engine {
  readonly info: EngineInfo;
  readonly #relay: Relay;
  readonly #watchdog: Watchdog;
  readonly #slots = new Slots(IN_FLIGHT);
  readonly #disposal = new AbortController();

  constructor(info: EngineInfo, relay: Relay, watchdog: Watchdog) {
    this.info = info;
    this.#relay = relay;
    this.#watchdog = watchdog;
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
    this.#relay.close();
    return Promise.resolve();
  }

  async #insist(image: Blob, signal: AbortSignal): Promise<DetectResult> {
    try {
      return await this.#ask(image, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isMachineFailure(error)) throw error;
      this.#relay.hangUp();
    }
    await pause(RETRY_MS, signal);
    return this.#ask(image, signal);
  }

  async #ask(image: Blob, signal: AbortSignal): Promise<DetectResult> {
    const start = performance.now();
    const limitMs = this.#watchdog.limitMs + image.size / BYTES_PER_MS;
    const found = await answered(limitMs, signal, (until) => this.#relay.detect(image, until));
    this.#watchdog.note(performance.now() - start);
    return found;
  }
}

/**
 * Calls a request back that takes longer than `ms`, and throws 'relay-failed' then: a machine that is overwhelmed, or a
 * connection that was cut without a word, never answers.
 */
async function answered<T>(
  ms: number,
  signal: AbortSignal,
  ask: (until: AbortSignal) => Promise<T>,
): Promise<T> {
  const silence = new AbortController();
  const until = AbortSignal.any([signal, silence.signal]);
  return watched(ms, ask(until), () => {
    silence.abort(new EngineError('relay-failed', `it has not answered for ${inSeconds(ms)}`));
  });
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

/** The two calls, and what their answers mean. Images go over a connection that stays, or, without it, in a call each. */
class Relay {
  readonly #base: string;
  readonly #query: string;
  readonly #socket: RelaySocket;

  constructor(base: string, model: string) {
    this.#base = base;
    // `page` tells this page from others, which take turns with it.
    const page = Math.random().toString(36).slice(2);
    this.#query = new URLSearchParams({ model, page }).toString();
    this.#socket = new RelaySocket(this.#addressOf(engineAddresses.socket));
  }

  async load(signal: AbortSignal) {
    const answer = await this.#ask(engineAddresses.load, null, signal);
    const loaded = parsed(loadAnswerSchema, await this.#json(answer, signal));
    this.#socket.open();
    return loaded;
  }

  async detect(image: Blob, signal: AbortSignal): Promise<DetectResult> {
    if (image.size > mostImageBytes) {
      throw new EngineError('image-too-large', `more than ${mostImageBytes / 1024 / 1024} MB in its file`);
    }
    const start = performance.now();
    // Of an empty one there would be only its number, which calls an image back.
    const answer =
      image.size > 0 && this.#socket.isOpen
        ? foundIn(await this.#socket.ask(image, signal))
        : await this.#json(await this.#ask(engineAddresses.detect, image, signal), signal);
    const { heldMs, timings, ...found } = parsed(detectAnswerSchema, answer);
    const transfer = Math.max(0, performance.now() - start - heldMs);
    return { ...found, timings: { ...timings, transfer, total: timings.total + transfer } };
  }

  /** The connection is taken for broken: the next image goes in a call of its own. */
  hangUp(): void {
    this.#socket.hangUp();
  }

  close(): void {
    this.#socket.close();
  }

  #addressOf(address: string): string {
    return `${this.#base}${address}?${this.#query}`;
  }

  async #ask(address: string, body: Blob | null, signal: AbortSignal): Promise<Response> {
    let answer: Response;
    try {
      answer = await fetch(this.#addressOf(address), {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream', accept: 'application/json' },
        cache: 'no-store',
        redirect: 'error',
        body,
        signal,
      });
    } catch (cause) {
      signal.throwIfAborted();
      throw new EngineError('relay-failed', 'it does not answer', { cause });
    }
    if (!answer.ok) throw await refusal(answer, signal);
    return answer;
  }

  async #json(answer: Response, signal: AbortSignal): Promise<unknown> {
    try {
      return (await answer.json()) as unknown;
    } catch (cause) {
      signal.throwIfAborted();
      throw new EngineError('relay-failed', 'its answer was cut off or is no JSON', { cause });
    }
  }
}

async function refusal(answer: Response, signal: AbortSignal): Promise<EngineError> {
  const body: unknown = await answer.json().catch(() => null);
  signal.throwIfAborted();
  return failure(answer.status, body);
}

/** Throws what the answer says instead of boxes. */
function foundIn({ found, problem = { status: 500 } }: SocketAnswer): unknown {
  if (found === undefined) throw failure(problem.status, problem);
  return found;
}

/** The engine's own error again; of everything else, why the relay cannot be used. */
function failure(status: number, body: unknown): EngineError {
  const problem = v.safeParse(engineProblemSchema, body);
  const code = problem.success ? problem.output.error.code : null;
  // A relay that is ending says so of its engines; ours is not.
  if (problem.success && code !== null && code !== 'disposed' && isEngineErrorCode(code)) {
    return new EngineError(code, problem.output.error.detail);
  }
  if (status === 413) return new EngineError('image-too-large', 'more than the relay takes');
  return new EngineError('relay-failed', reasonOf(status, code));
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
