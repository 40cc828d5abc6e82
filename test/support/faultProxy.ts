/** A proxy before a real Label Studio that does to requests what networks, servers and disks do. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type Fault =
  /** Answered here; Label Studio never hears of it. */
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** The connection breaks before Label Studio has heard anything. */
  | { readonly kind: 'cut' }
  /** Label Studio does what it is asked, and its answer is lost. */
  | { readonly kind: 'cut-after' }
  /** The answer breaks off in the middle. */
  | { readonly kind: 'truncate' }
  /** So many milliseconds later. */
  | { readonly kind: 'slow'; readonly ms: number };

export interface Asked {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly authorization: string | null;
  /** Seen by the proxy since it started, preflights not counted; this one is the last. */
  readonly number: number;
}

export interface FaultProxy {
  readonly url: string;
  /** What happens to a request; null lets it pass. Replaced by tests at any time. */
  rule: (asked: Asked) => Fault | null;
  /** All faults that were made, by kind. */
  readonly made: ReadonlyMap<Fault['kind'], number>;
  /** Breaks every connection, and every new one until `up`. */
  down(): void;
  up(): void;
  stop(): Promise<void>;
}

/** Starts a proxy before the Label Studio at `target`. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const made = new Map<Fault['kind'], number>();
  let number = 0;
  let isDown = false;

  const server = createServer((incoming, outgoing) => {
    void handle(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.on('connection', (socket) => {
    if (isDown) socket.destroy();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = incoming;
    const authorization = incoming.headers.authorization ?? null;
    // A browser's preflight is no request of the app's.
    const fault =
      method === 'OPTIONS' ? null : proxy.rule({ method, path, authorization, number: (number += 1) });
    if (fault !== null) made.set(fault.kind, (made.get(fault.kind) ?? 0) + 1);
    if (fault?.kind === 'cut') {
      incoming.socket.destroy();
      return;
    }
    if (fault?.kind === 'status') {
      incoming.resume();
      outgoing.writeHead(fault.status, {
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'retry-after',
        'content-type': 'application/json',
        ...fault.headers,
      });
      outgoing.end(JSON.stringify({ detail: `A fault of the test (${fault.status}).` }));
      return;
    }
    if (fault?.kind === 'slow') await sleep(fault.ms);
    const passed = request({
      hostname,
      port,
      method,
      path,
      headers: { ...incoming.headers, host: `${hostname}:${port}` },
    });
    incoming.pipe(passed);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      passed.once('response', resolve);
      passed.once('error', reject);
    });
    if (fault?.kind === 'cut-after') {
      // Only once Label Studio is through with it.
      answer.resume();
      await once(answer, 'end');
      incoming.socket.destroy();
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    if (fault?.kind === 'truncate') {
      const whole: Buffer[] = [];
      for await (const chunk of answer) whole.push(chunk as Buffer);
      const body = Buffer.concat(whole);
      outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => incoming.socket.destroy());
      return;
    }
    answer.pipe(outgoing);
  }

  const proxy: FaultProxy = {
    url: '',
    rule: () => null,
    made,
    down() {
      isDown = true;
      for (const socket of sockets) socket.destroy();
    },
    up() {
      isDown = false;
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(proxy, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}
