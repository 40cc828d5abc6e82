import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { taskImages } from '../../../src/relay/mlBackend/taskImages.ts';

const token = 'a-legacy-token';
const asked: { readonly path: string; readonly authorization: string | undefined }[] = [];
const servers: Server[] = [];
let labelStudio: string;
let elsewhere: string;

async function serve(): Promise<string> {
  const server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', authorization: request.headers.authorization });
    response.writeHead(200, { 'content-type': 'image/png' }).end('picture');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  [labelStudio, elsewhere] = await Promise.all([serve(), serve()]);
});
afterAll(() => {
  for (const server of servers) server.close();
});

it('takes the token to the configured Label Studio, and nowhere else', async () => {
  const fetchImage = taskImages(() => Promise.resolve({ url: labelStudio, token }));
  const { signal } = new AbortController();
  for (const image of ['/data/upload/1/a.png', `${labelStudio}/data/upload/1/b.png`, `${elsewhere}/c.png`]) {
    const blob = await fetchImage({ id: 1, data: { image } }, 'image', signal);
    expect(await blob.text()).toBe('picture');
  }
  expect(asked).toEqual([
    { path: '/data/upload/1/a.png', authorization: `Token ${token}` },
    { path: '/data/upload/1/b.png', authorization: `Token ${token}` },
    { path: '/c.png', authorization: undefined },
  ]);
});

it('says what is missing without a token', async () => {
  const fetchImage = taskImages(() => Promise.resolve(null));
  const asking = fetchImage(
    { id: 1, data: { image: '/data/upload/1/a.png' } },
    'image',
    new AbortController().signal,
  );
  await expect(asking).rejects.toMatchObject({ code: 'no-label-studio' });
});
