import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { serveRelay, type RelayServer } from '../../../src/relay/server.ts';
import { listModels } from '../../../src/relay/modelCatalog.ts';
import { eventually } from '../../support/eventually.ts';

const open: (RelayServer | Server)[] = [];
const start = async (port: number, host = '127.0.0.1', appDir = '/nowhere'): Promise<RelayServer> => {
  const server = await serveRelay({
    appDir,
    models: () => listModels([]),
    host,
    port,
    log: pino({ level: 'silent' }),
  });
  open.push(server);
  return server;
};
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

it('listens on a free port and says where', async () => {
  const server = await start(0);
  expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  await server.close();
  await expect(fetch(`${server.url}/health`)).rejects.toThrow();
});

it('gives an address to open when it listens everywhere', async () => {
  const server = await start(0, '0.0.0.0');
  expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
});

it('says that Forelabel already runs there', async () => {
  const { port, url } = await start(0);
  await expect(start(port)).rejects.toMatchObject({
    code: 'already-running',
    message: expect.stringContaining(url) as string,
  });
});

it('says which port is taken by another program and how to choose another', async () => {
  const other = createServer((_request, response) => response.end('hello'));
  open.push(other);
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  await expect(start(port)).rejects.toMatchObject({
    code: 'port-busy',
    message: expect.stringMatching(new RegExp(`Port ${port} is taken.*--port ${port + 1}`, 'u')) as string,
  });
});

it('says that an address is not of this machine', async () => {
  await expect(start(0, '203.0.113.7')).rejects.toMatchObject({ code: 'address-unavailable' });
});

it('lets a request know that its client has gone', async () => {
  const signals: AbortSignal[] = [];
  const server = await serveRelay({
    appDir: '/nowhere',
    models: () => listModels([]),
    host: '127.0.0.1',
    port: 0,
    log: pino({ level: 'silent' }),
    extend: (app) => {
      app.post('/slow', async (c) => {
        await c.req.json();
        signals.push(c.req.raw.signal);
        await new Promise((resolve) => c.req.raw.signal.addEventListener('abort', resolve));
        return c.text('nobody reads this');
      });
      app.post('/quick', async (c) => {
        await c.req.json();
        signals.push(c.req.raw.signal);
        return c.text('done');
      });
    },
  });
  open.push(server);
  const client = new AbortController();
  const asked = fetch(`${server.url}/slow`, { method: 'POST', body: '{}', signal: client.signal });
  await eventually(() => expect(signals).toHaveLength(1));
  client.abort();
  await expect(asked).rejects.toThrow();
  await eventually(() => expect(signals[0]?.aborted).toBe(true));
  await (await fetch(`${server.url}/quick`, { method: 'POST', body: '{}', keepalive: false })).text();
  await server.close();
  expect(signals[1]?.aborted).toBe(false);
});

it('serves nothing above the folder of the app, whatever a client writes as a path', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'forelabel-server-'));
  await writeFile(join(folder, 'secret.txt'), 'not yours');
  const app = join(folder, 'app');
  await mkdir(app);
  await writeFile(join(app, 'index.html'), 'app');
  const { port } = await start(0, '127.0.0.1', app);
  for (const path of ['/../secret.txt', '//../secret.txt', '/%2e%2e/secret.txt', '/a/../../secret.txt']) {
    // fetch would tidy the path before it sends it.
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path }, (answer) => resolve(answer.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status, path).toBe(404);
  }
  await rm(folder, { recursive: true });
});
