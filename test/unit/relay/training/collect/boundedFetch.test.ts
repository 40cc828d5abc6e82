import { expect, test } from 'vitest';
import { boundedFetch } from '../../../../../src/relay/training/collect/boundedFetch.ts';

test('an answer without an end is cut, one that fits arrives as it is', async () => {
  let sent = 0;
  let isStopped = false;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1000;
      controller.enqueue(new Uint8Array(1000));
    },
    cancel() {
      isStopped = true;
    },
  });
  const answers = [
    new Response(endless),
    new Response('abc', { status: 201, headers: { etag: '"1"' } }),
    new Response(null, { status: 304 }),
  ];
  const bounded = boundedFetch(() => Promise.resolve(answers.shift() ?? Response.error()), 10_000);
  await expect((await bounded('http://h/')).blob()).rejects.toMatchObject({ code: 'image-too-large' });
  expect(sent).toBeLessThan(20_000);
  expect(isStopped).toBe(true);
  const fits = await bounded('http://h/');
  expect([fits.status, fits.headers.get('etag'), await fits.text()]).toEqual([201, '"1"', 'abc']);
  expect((await bounded('http://h/')).status).toBe(304);
});
