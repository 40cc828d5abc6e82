/** A relay that takes requests and never answers: connections cut without a word, machines that are overwhelmed. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ChosenEngine } from '../../../src/engine/client/chosenEngine.ts';
import { createRelayEngine } from '../../../src/engine/client/relayEngine.ts';
import { engineAddresses, type LoadAnswer } from '../../../src/engine/relayProtocol.ts';
import type { DetectResult, Engine } from '../../../src/engine/types.ts';
import { tinyModel } from '../../support/tinyModelNode.ts';

/** 'half': the beginning of an answer. */
let silent: 'load' | 'detect' | 'half' | 'none';
let server: Server;
/** Images asked for, and those whose request was called back. */
let asked: number;
let calledBack: number;
/** In the product a minute and five. */
const limits = { leastMs: 600, loadMs: 600 };

const found: DetectResult = {
  ...{ width: 4, height: 3, detections: [] },
  timings: { decode: 1, preprocess: 1, infer: 1, postprocess: 1, total: 4 },
};

beforeEach(async () => {
  silent = 'detect';
  asked = 0;
  calledBack = 0;
  server = createServer((request, response) => {
    request.resume();
    if (request.url?.startsWith(engineAddresses.load)) {
      const answer: LoadAnswer = { modelVersion: 'm', device: 'CPU', why: '', warmUpMs: 1 };
      if (silent !== 'load') response.end(JSON.stringify(answer));
      return;
    }
    asked += 1;
    if (silent === 'none') {
      response.end(JSON.stringify({ ...found, heldMs: 4 }));
      return;
    }
    response.on('close', () => (calledBack += 1));
    if (silent === 'half') response.write('{"width":');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

const open = async (signal?: AbortSignal): Promise<Engine> => {
  const { manifest } = await tinyModel();
  const relay = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return createRelayEngine({ manifest, relay, signal, limits });
};
const image = new Blob(['an image']);

test.each(['detect', 'half'] as const)('an image that is never answered (%s) is sent twice', async (how) => {
  silent = how;
  const engine = await open();
  const start = performance.now();
  await expect(engine.detect(image)).rejects.toMatchObject({
    ...{ code: 'relay-failed', detail: 'it has not answered for 1 s' },
  });
  expect(performance.now() - start).toBeGreaterThan(2 * limits.leastMs);
  expect(asked).toBe(2);
  await expect.poll(() => calledBack).toBe(2);
  silent = 'none';
  await expect(engine.detect(image)).resolves.toMatchObject({ width: 4 });
});

test('one that is answered at the second time is no failure', async () => {
  const engine = await open();
  const answer = engine.detect(image);
  await expect.poll(() => asked).toBe(1);
  silent = 'none';
  await expect(answer).resolves.toMatchObject({ width: 4 });
});

test('a connection that has fallen silent is given up, and the image goes in a request of its own', async () => {
  silent = 'none';
  vi.stubGlobal('WebSocket', WebSocket);
  const sockets = new WebSocketServer({ server, path: engineAddresses.socket });
  let sent = 0;
  sockets.on('connection', (socket) => socket.on('message', () => (sent += 1)));
  const engine = await open();
  await vi.waitUntil(() => [...sockets.clients].some(({ readyState }) => readyState === WebSocket.OPEN));
  // The client's end is open a moment later.
  await new Promise((resolve) => setTimeout(resolve, 50));
  await expect(engine.detect(image)).resolves.toMatchObject({ width: 4 });
  // The image, and that it is called back.
  expect([sent, asked]).toEqual([2, 1]);
  await expect.poll(() => sockets.clients.size).toBe(0);
  await engine.dispose();
  sockets.close();
  vi.unstubAllGlobals();
});

test('a relay that never says whether it has the model is given up', async () => {
  silent = 'load';
  await expect(open()).rejects.toMatchObject({ code: 'relay-failed', detail: 'it has not answered for 1 s' });
  await expect(open(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});

test('the page’s own engine takes over, no image is lost, and that is said', async () => {
  const own: Engine = {
    info: { backend: 'wasm', device: '2 CPU threads', why: '', warmUpMs: 1, modelVersion: 'm' },
    detect: () => Promise.resolve({ ...found, width: 5 }),
    dispose: () => Promise.resolve(),
  };
  const engine = await ChosenEngine.open({
    candidates: [
      { backend: 'relay', open },
      { backend: 'wasm', open: () => Promise.resolve(own) },
    ],
    ...{ choice: 'auto', onInfo: () => undefined },
  });
  expect(engine.info.backend).toBe('relay');
  const all = await Promise.all([1, 2, 3, 4, 5].map(() => engine.detect(image)));
  expect(all.map(({ width }) => width)).toEqual([5, 5, 5, 5, 5]);
  expect(engine.info).toMatchObject({
    backend: 'wasm',
    why: 'The relay is not used: it has not answered for 1 s.',
  });
  await engine.dispose();
});
