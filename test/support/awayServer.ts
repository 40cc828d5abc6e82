/** A Label Studio that can be away: a door on a port of its own, which passes everything on while it is open. */
import { connect, createServer, type Socket } from 'node:net';

export interface Door {
  readonly url: string;
  /** From now on nobody answers at the address; connections that are there are cut. */
  close(): Promise<void>;
  open(): Promise<void>;
  stop(): Promise<void>;
}

/** A door in front of `target`, open. */
export async function doorTo(target: string): Promise<Door> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const inner = connect(Number(port), hostname);
    for (const [one, other] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  const listen = (at: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(at, '127.0.0.1', () => resolve());
    });
  await listen(0);
  const address = server.address();
  const own = typeof address === 'object' && address !== null ? address.port : 0;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return {
    url: `http://127.0.0.1:${own}`,
    close,
    open: () => listen(own),
    stop: () => (server.listening ? close() : Promise.resolve()),
  };
}
