/** A BMP, which the relay's engine cannot read: the page sends the same pixels as a PNG. */
import { afterEach, expect, test, vi } from 'vitest';
import { commands } from 'vitest/browser';
import { createRelayEngine } from '../../../src/engine/client/relayEngine.ts';
import { engineAddresses } from '../../../src/engine/relayProtocol.ts';
import { draw, toBase64 } from '../../support/tinyModelImages.ts';
import { tinyManifest } from '../../support/tinyModelBrowser.ts';

afterEach(() => vi.unstubAllGlobals());

/** 24 bits a pixel, rows from below, each filled up to four bytes: as most programs write it. */
function bmpOf({ width, height, data }: ImageData): Blob {
  const rowBytes = Math.ceil((width * 3) / 4) * 4;
  const bytes = new Uint8Array(54 + rowBytes * height);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, 54, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 24, true);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [red = 0, green = 0, blue = 0] = data.subarray((y * width + x) * 4);
      bytes.set([blue, green, red], 54 + (height - 1 - y) * rowBytes + x * 3);
    }
  return new Blob([bytes], { type: 'image/bmp' });
}

/** A relay whose engine is the real native one, of the process that runs the tests. Gives what was sent to it. */
function relay(): readonly Blob[] {
  const sent: Blob[] = [];
  vi.stubGlobal('fetch', async (url: string, { body }: RequestInit): Promise<Response> => {
    if (url.includes(engineAddresses.load))
      return Response.json({ modelVersion: 'm', device: 'CPU', why: 'A test asked for it.', warmUpMs: 1 });
    sent.push(body as Blob);
    const { result, code } = await commands.detectNatively(await toBase64(body as Blob));
    if (code !== null) return Response.json({ error: { code, message: code } }, { status: 422 });
    return Response.json({ ...result, heldMs: 1 });
  });
  return sent;
}

test('is detected with the pixels that are in it', async () => {
  // Not a multiple of four wide: the rows are filled up.
  const canvas = draw(61, 40);
  const pixels = canvas.getContext('2d')?.getImageData(0, 0, 61, 40);
  if (pixels === undefined) throw new Error('No canvas.');
  const sent = relay();
  const engine = await createRelayEngine({ manifest: tinyManifest });
  const found = await engine.detect(bmpOf(pixels));
  const magic = async (blob: Blob | undefined): Promise<readonly number[]> => [
    ...new Uint8Array((await blob?.slice(0, 2).arrayBuffer()) ?? []),
  ];
  expect([await magic(sent[0]), await magic(sent[1])]).toEqual([
    [0x42, 0x4d],
    [0x89, 0x50],
  ]);
  const wanted = await engine.detect(await canvas.convertToBlob({ type: 'image/png' }));
  expect([found.width, found.height]).toEqual([61, 40]);
  expect(found.detections).toEqual(wanted.detections);
  expect(found.detections.length).toBeGreaterThan(0);
  expect(sent).toHaveLength(3);
});

test('a damaged one ends as a sentence', async () => {
  const sent = relay();
  const engine = await createRelayEngine({ manifest: tinyManifest });
  const damaged = new Blob([new Uint8Array([0x42, 0x4d, 1, 2, 3, 4, 5])]);
  await expect(engine.detect(damaged)).rejects.toMatchObject({
    code: expect.stringMatching(/^image-/u) as string,
  });
  expect(sent.length).toBeLessThanOrEqual(1);
});
