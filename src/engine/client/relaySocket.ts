import * as v from 'valibot';
import { EngineError } from '../errors.ts';
import { callBack, calledWith, socketAnswerSchema, type SocketAnswer } from '../relayProtocol.ts';

/** Between two attempts to open it: where a proxy lets none through, there is HTTP. */
const PAUSE_MS = 10_000;

interface Waiting {
  readonly resolve: (answer: SocketAnswer) => void;
  readonly reject: (error: EngineError) => void;
}

/**
 * The connection to the relay that stays open for images. It is opened in the background; while there is none, whoever
 * has an image sends it in a request of its own.
 */
export class RelaySocket {
  readonly #address: string;
  readonly #waiting = new Map<number, Waiting>();
  #socket: WebSocket | null = null;
  #triedAt = -PAUSE_MS;
  #lastId = 0;
  #closed = false;

  /** @param address http or https, with its query */
  constructor(address: string) {
    this.#address = address.replace(/^http/u, 'ws');
  }

  /** Whether an image can be sent over it now. When not, it is tried again in the background, not too often. */
  get isOpen(): boolean {
    if (this.#socket === null) this.open();
    return this.#socket !== null && this.#socket.readyState === WebSocket.OPEN;
  }

  /** Does not wait; failures are silent. */
  open(): void {
    const now = performance.now();
    // Absent in Node 20.
    if (this.#closed || typeof WebSocket === 'undefined' || now - this.#triedAt < PAUSE_MS) return;
    this.#triedAt = now;
    const socket = new WebSocket(this.#address);
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#take(data);
    // After an error, too.
    socket.onclose = () => this.#forget(socket);
  }

  /**
   * Sends an image. To be called while `isOpen`. Throws `EngineError` 'relay-failed' when the connection ends before the
   * answer, or the reason of `signal`; the relay is told then.
   */
  async ask(image: Blob, signal: AbortSignal): Promise<SocketAnswer> {
    const id = ++this.#lastId;
    const socket = this.#socket;
    const answer = new Promise<SocketAnswer>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    const gone = (): void => {
      this.#waiting.get(id)?.reject(signal.reason as EngineError);
      if (socket?.readyState === WebSocket.OPEN) socket.send(callBack(id));
    };
    signal.addEventListener('abort', gone, { once: true });
    try {
      socket?.send(calledWith(id, image));
      return await answer;
    } finally {
      signal.removeEventListener('abort', gone);
      this.#waiting.delete(id);
    }
  }

  /** What waits rejects; it is opened again after a pause. */
  hangUp(): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#triedAt = performance.now();
    this.#forget(socket);
    socket.close();
  }

  /** For good. */
  close(): void {
    this.#closed = true;
    this.hangUp();
  }

  #take(data: unknown): void {
    const answer = v.safeParse(socketAnswerSchema, parseJson(data));
    // Another version, or another server: HTTP will tell.
    if (!answer.success) this.hangUp();
    else this.#waiting.get(answer.output.id)?.resolve(answer.output);
  }

  #forget(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    for (const { reject } of this.#waiting.values()) {
      reject(new EngineError('relay-failed', 'its connection ended'));
    }
  }
}

function parseJson(data: unknown): unknown {
  try {
    return typeof data === 'string' ? (JSON.parse(data) as unknown) : undefined;
  } catch {
    return undefined;
  }
}
