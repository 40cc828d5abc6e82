import { beforeEach, describe, expect, test, vi } from 'vitest';
import { primaryFile } from '../../../src/detector/manifest.ts';
import { fetchModel, isModelCached } from '../../../src/engine/client/modelCache.ts';
import type { DownloadProgress } from '../../../src/engine/client/modelCache.ts';
import { tinyManifest, tinyModelUrl } from '../../support/tinyModelBrowser.ts';
import { tinyEngine } from '../../support/tinyModelEngine.ts';

const file = primaryFile(tinyManifest);
const bytes = async () => new Uint8Array(await (await fetch(tinyModelUrl)).arrayBuffer());
const from = (content: BodyInit | null, status = 200) =>
  vi.spyOn(globalThis, 'fetch').mockResolvedValue(new Response(content, { status }));

beforeEach(async () => {
  vi.restoreAllMocks();
  await caches.delete('forelabel-models');
});

describe('the model cache', () => {
  test('downloads once, with progress, and then needs no network', async () => {
    const seen: DownloadProgress[] = [];
    const first = await fetchModel(tinyModelUrl, file, (progress) => seen.push(progress));
    expect(first.length).toBe(file.bytes);
    expect(seen[0]).toEqual({ loaded: 0, total: file.bytes, cached: false });
    expect(seen.at(-1)).toEqual({ loaded: file.bytes, total: file.bytes, cached: false });
    expect(await isModelCached(file)).toBe(true);

    const network = vi.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('offline'));
    const again: DownloadProgress[] = [];
    const second = await fetchModel(tinyModelUrl, file, (progress) => again.push(progress));
    expect(network).not.toHaveBeenCalled();
    expect(again).toEqual([{ loaded: file.bytes, total: file.bytes, cached: true }]);
    expect(second.every((byte, i) => byte === first[i])).toBe(true);
  });

  test('refuses bytes with another hash, and does not keep them', async () => {
    const wrong = await bytes();
    wrong[500] = (wrong[500] ?? 0) ^ 1;
    from(wrong);
    await expect(fetchModel('/model', file)).rejects.toMatchObject({
      name: 'EngineError',
      code: 'model-hash',
    });
    expect(await isModelCached(file)).toBe(false);
  });

  test.each([
    ['shorter', -1],
    ['longer', 1],
  ])('refuses a %s file', async (_name, by) => {
    const wrong = new Uint8Array(file.bytes + by);
    from(wrong);
    await expect(fetchModel('/model', file)).rejects.toMatchObject({ code: 'model-hash' });
  });

  test('replaces what has gone bad on the disk', async () => {
    const cache = await caches.open('forelabel-models');
    await cache.put(`/models-by-hash/${file.sha256}`, new Response('rubbish'));
    expect((await fetchModel(tinyModelUrl, file)).length).toBe(file.bytes);
  });

  test('says when the server does not have it, or is not there', async () => {
    from(null, 404);
    await expect(fetchModel('/model', file)).rejects.toMatchObject({
      code: 'model-download',
      detail: expect.stringMatching(/404/u) as string,
    });
    vi.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('Failed to fetch'));
    await expect(fetchModel('/model', file)).rejects.toMatchObject({ code: 'model-download' });
  });

  test('an abort stops the download with its reason', async () => {
    const reason = new Error('enough');
    const abort = new AbortController();
    const download = fetchModel(tinyModelUrl, file, () => abort.abort(reason), abort.signal);
    await expect(download).rejects.toBe(reason);
  });
});

test('an engine is not made from a model with another hash, whoever brings it', async () => {
  const wrong = await bytes();
  wrong[500] = (wrong[500] ?? 0) ^ 1;
  const model = () => Promise.resolve(wrong);
  await expect(tinyEngine({ model, backends: ['wasm'] })).rejects.toMatchObject({ code: 'model-hash' });
});
