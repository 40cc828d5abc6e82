import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer, type WebSocketServerLike } from '@hono/node-server';
import { WebSocketServer } from 'ws';
import { callIdBytes, mostImageBytes } from '../engine/relayProtocol.ts';
import { createRelay, type RelayOptions } from './app.ts';
import { RelayError } from './errors.ts';

export interface RelayServer {
  /** As a person opens it, without a trailing slash: `http://127.0.0.1:9090`. */
  readonly url: string;
  readonly port: number;
  /** Stops listening, lets running answers end (2 s at most), and closes. */
  close(): Promise<void>;
}

export interface ServeOptions extends RelayOptions {
  /** 0: any free one. */
  readonly port: number;
}

/** Starts the relay. Throws `RelayError` with what to do when the port is taken or the address is not ours. */
export async function serveRelay(options: ServeOptions): Promise<RelayServer> {
  const app = createRelay(options);
  // A plain http server: createAdaptorServer makes http2 ones only when it is given their constructor.
  const sockets = new WebSocketServer({ noServer: true, maxPayload: mostImageBytes + callIdBytes });
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    // The two libraries' types differ where optional properties are exact.
    websocket: { server: sockets as unknown as WebSocketServerLike },
  }) as Server;
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  return { url: addressOf(options.host, port), port, close: () => close(server, sockets) };
}

async function listen(server: Server, { host, port }: ServeOptions): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: host.replace(/^\[|\]$/gu, ''), exclusive: true }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    throw await explain(cause, host, port);
  }
}

async function explain(cause: unknown, host: string, port: number): Promise<RelayError> {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const url = addressOf(host, port);
  if (code === 'EADDRINUSE') {
    if (await isForelabel(url)) {
      return new RelayError(
        'already-running',
        `Forelabel already runs at ${url}. Open that address, or start a second one with --port ${port + 1}.`,
        { cause },
      );
    }
    return new RelayError(
      'port-busy',
      `Port ${port} is taken by another program. Choose another one with --port ${port + 1}.`,
      { cause },
    );
  }
  if (code === 'EACCES') {
    return new RelayError(
      'address-unavailable',
      `This user may not listen on port ${port}. Choose one above 1023 with --port 9090.`,
      { cause },
    );
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return new RelayError(
    'address-unavailable',
    `Forelabel cannot listen on ${host}: ${why}. Leave out --host, or give it an address of this machine.`,
    { cause },
  );
}

async function isForelabel(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(1000), redirect: 'error' });
    const body = (await answer.json()) as { app?: unknown } | null;
    return body?.app === 'forelabel';
  } catch {
    return false;
  }
}

/** 0.0.0.0 and :: are no addresses to open: this machine reaches them under its loopback address. */
function addressOf(host: string, port: number): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host.replace(/^\[|\]$/gu, '');
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

async function close(server: Server, sockets: WebSocketServer): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  // They would stay for as long as their pages are open; a page whose socket goes asks over HTTP.
  for (const socket of sockets.clients) socket.close(1001);
  const patience = setTimeout(() => {
    server.closeAllConnections();
    for (const socket of sockets.clients) socket.terminate();
  }, 2000);
  await closed;
  clearTimeout(patience);
}
