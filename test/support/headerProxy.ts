/** A proxy before a real server that changes the headers of its answers and nothing else. */
import { createServer, request, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HeaderProxy {
  readonly port: number;
  stop(): void;
}

/**
 * @param target 'http://127.0.0.1:8080'
 * @param change gives the headers that the browser gets, of those that the server has sent
 */
export async function startHeaderProxy(
  target: string,
  change: (headers: IncomingHttpHeaders) => IncomingHttpHeaders,
): Promise<HeaderProxy> {
  const { hostname, port } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    // The Host header stays the one that the browser knows, as with any proxy that is set up well.
    const { method, url: path, headers } = incoming;
    const passed = request({ hostname, port, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, change(answer.headers));
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
