/** A server of images beside Label Studio, as a bucket is one: with a CORS rule or without, and as slow as a test wants. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ImageServer {
  /** Address of an image; `closed`: without a CORS rule, so that pages show it and may not read it. */
  address(name: string, rule?: 'open' | 'closed'): string;
  /** How often a page has read the image; showing it does not count. */
  reads(name: string): number;
  /** From now on, whoever reads the image waits until the returned function is called. Showing it does not wait. */
  hold(name: string): () => void;
  stop(): void;
}

export async function startImageServer(images: ReadonlyMap<string, Uint8Array>): Promise<ImageServer> {
  const reads = new Map<string, number>();
  const held = new Map<string, Promise<void>>();
  const server = createServer((request, response) => {
    const [, rule, name = ''] = (request.url ?? '').split('/');
    const image = images.get(name);
    const answer = (): void => {
      response.setHeader('cache-control', 'no-store');
      if (rule === 'open') response.setHeader('access-control-allow-origin', '*');
      if (image === undefined) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'image/jpeg' }).end(image);
    };
    // A page's script reads, its <img> only shows.
    if (request.headers['sec-fetch-dest'] !== 'empty') {
      answer();
      return;
    }
    reads.set(name, (reads.get(name) ?? 0) + 1);
    void (held.get(name) ?? Promise.resolve()).then(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: (name, rule = 'open') => `http://127.0.0.1:${port}/${rule}/${name}`,
    reads: (name) => reads.get(name) ?? 0,
    hold(name) {
      let release = (): void => undefined;
      held.set(name, new Promise<void>((resolve) => (release = resolve)));
      return () => {
        held.delete(name);
        release();
      };
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
