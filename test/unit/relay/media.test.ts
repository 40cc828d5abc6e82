import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { apiHeaders, pageHeaders } from '../../../src/relay/headers.ts';
import { mediaRoutes } from '../../../src/relay/media/mediaRoutes.ts';
import type { LabelStudioAccess } from '../../../src/relay/training/contracts.ts';

/** Servers that stand in for Label Studio and for a bucket; each remembers what it was asked and with which token. */
interface StandIn {
  readonly url: string;
  readonly asked: { readonly path: string; readonly authorization: string | undefined }[];
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  readonly server: Server;
}

async function standIn(): Promise<StandIn> {
  const asked: StandIn['asked'] = [];
  const server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', authorization: request.headers.authorization });
    made.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const made: StandIn = { url: `http://127.0.0.1:${port}`, asked, server, answer: () => undefined };
  return made;
}

const token = 'a-legacy-token';
let labelStudio: StandIn;
let bucket: StandIn;
let access: LabelStudioAccess | null;
let app: Hono;

beforeAll(async () => {
  [labelStudio, bucket] = await Promise.all([standIn(), standIn()]);
});
afterAll(() => {
  labelStudio.server.close();
  bucket.server.close();
});
beforeEach(() => {
  labelStudio.asked.length = 0;
  bucket.asked.length = 0;
  access = { url: labelStudio.url, token };
  app = new Hono();
  app.use('/api/*', apiHeaders());
  app.use(pageHeaders());
  app.route(
    '/api',
    mediaRoutes(() => Promise.resolve(access), 1000),
  );
});

const ask = async (url: string): Promise<Response> =>
  app.request(`/api/media?url=${encodeURIComponent(url)}`);
const image =
  (bytes: number, type = 'image/png') =>
  (_: unknown, response: ServerResponse) =>
    void response
      .writeHead(200, { 'content-type': type, 'set-cookie': 'a=b', 'content-length': bytes })
      .end(Buffer.alloc(bytes, 7));
const redirect = (to: string) => (_: unknown, response: ServerResponse) =>
  void response.writeHead(303, { location: to }).end();

it('an image of Label Studio comes with the token, and may run nothing', async () => {
  labelStudio.answer = image(100);
  const answer = await ask('/data/upload/1/a.png');
  expect(answer.status).toBe(200);
  expect((await answer.arrayBuffer()).byteLength).toBe(100);
  expect(answer.headers.get('content-type')).toBe('image/png');
  expect(answer.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(answer.headers.get('set-cookie')).toBeNull();
  expect(labelStudio.asked).toEqual([{ path: '/data/upload/1/a.png', authorization: `Token ${token}` }]);
});

it.each(['/api/token/', 'http://127.0.0.1:1/data/upload/1/a.png', '/data/upload/..%2f..%2fapi/token', ''])(
  '%j is asked of nobody',
  async (url) => {
    expect((await ask(url)).status).toBe(403);
    expect(labelStudio.asked).toEqual([]);
  },
);

it('a bucket that Label Studio sends us on to does not see the token', async () => {
  labelStudio.answer = redirect(`${bucket.url}/photos/a.png?signature=x`);
  bucket.answer = image(50);
  const answer = await ask('/tasks/3/resolve/?fileuri=czM6Ly9h');
  expect((await answer.arrayBuffer()).byteLength).toBe(50);
  expect(bucket.asked).toEqual([{ path: '/photos/a.png?signature=x', authorization: undefined }]);
});

it('a way to another page of Label Studio, to a file or in a circle is not followed', async () => {
  for (const to of ['/user/login/', `${labelStudio.url}/api/token/`, 'file:///etc/passwd']) {
    labelStudio.answer = redirect(to);
    expect((await ask('/data/upload/1/a.png')).status).toBe(502);
  }
  expect(labelStudio.asked).toHaveLength(3);
  labelStudio.answer = redirect(`${bucket.url}/1`);
  bucket.answer = redirect(`${bucket.url}/1`);
  expect((await ask('/data/upload/1/a.png')).status).toBe(502);
  expect(bucket.asked).toHaveLength(3);
  bucket.answer = redirect(`${labelStudio.url}/api/token/`);
  expect((await ask('/data/upload/1/a.png')).status).toBe(502);
});

it.each(['text/html', 'application/json', 'application/octet-stream', ''])('%j is no image', async (type) => {
  labelStudio.answer = image(10, type);
  const answer = await ask('/data/upload/1/a.png');
  expect(answer.status).toBe(403);
  expect(answer.headers.get('content-type')).toContain('application/json');
});

it('a large image is refused, whether it says so or not', async () => {
  labelStudio.answer = image(1001);
  expect((await ask('/data/upload/1/a.png')).status).toBe(403);
  labelStudio.answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'image/png' });
    response.write(Buffer.alloc(600));
    response.end(Buffer.alloc(600));
  };
  await expect((await ask('/data/upload/1/a.png')).arrayBuffer()).rejects.toThrow();
});

it('what Label Studio refuses is said in words', async () => {
  labelStudio.answer = (_, response) => void response.writeHead(404).end('a detail');
  const answer = await ask('/data/upload/1/a.png');
  expect(answer.status).toBe(404);
  expect(await answer.text()).not.toContain('a detail');
  access = { url: 'http://127.0.0.1:9', token };
  expect((await ask('/data/upload/1/a.png')).status).toBe(502);
  access = { url: labelStudio.url, token: 'no token' };
  expect((await ask('/data/upload/1/a.png')).status).toBe(502);
  access = null;
  expect((await ask('/data/upload/1/a.png')).status).toBe(409);
});
