import type { ModelFile } from '../../detector/manifest.ts';
import { EngineError } from '../errors.ts';

const CACHE_NAME = 'forelabel-models';
/** Never fetched either. */
const LIST_KEY = '/models-by-hash/list';

export interface DownloadProgress {
  readonly loaded: number;
  /** Bytes; from the manifest, so known from the start. */
  readonly total: number;
  /** True when the bytes were here already and no network was used. */
  readonly cached: boolean;
}

/**
 * The bytes of a model file: from the Cache API by SHA-256, else from `url`, and then kept. The bytes are
 * checked against the manifest either way; wrong ones are never kept. On pages that are not secure the
 * browser offers neither cache nor hash: there only the length is checked, and the engine's self-test
 * tells the rest.
 *
 * Throws `EngineError` 'model-download' or 'model-hash', or the reason of `signal`.
 */
export async function fetchModel(
  url: string | URL,
  file: ModelFile,
  onProgress: (progress: DownloadProgress) => void = () => undefined,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const cache = await openCache();
  const key = cacheKey(file);
  const kept = await cache?.match(key);
  if (kept !== undefined) {
    const bytes = new Uint8Array(await kept.arrayBuffer());
    if (await isFile(bytes, file)) {
      onProgress({ loaded: bytes.length, total: file.bytes, cached: true });
      return bytes;
    }
    await cache?.delete(key);
  }
  const bytes = await download(url, file, onProgress, signal);
  await assertModelFile(bytes, file);
  // A full disk costs the next visit a download, not this visit its model.
  await cache?.put(key, new Response(bytes)).catch(() => undefined);
  return bytes;
}

/** Throws `EngineError` 'model-hash' unless `bytes` are what the manifest says. */
export async function assertModelFile(bytes: Uint8Array<ArrayBuffer>, file: ModelFile): Promise<void> {
  if (!(await isFile(bytes, file))) throw new EngineError('model-hash', file.path);
}

/** True when the model needs no download. */
export async function isModelCached(file: ModelFile): Promise<boolean> {
  return (await (await openCache())?.match(cacheKey(file))) !== undefined;
}

/** Remembers the server's last list of models, for when it does not answer. */
export async function keepList(json: string): Promise<void> {
  await (await openCache())?.put(LIST_KEY, new Response(json)).catch(() => undefined);
}

/** The list that was kept last, or null. */
export async function keptList(): Promise<string | null> {
  const kept = await (await openCache())?.match(LIST_KEY);
  return kept === undefined ? null : kept.text();
}

/** Never fetched: a name by content, under which the Cache API keeps the bytes. */
function cacheKey(file: ModelFile): string {
  return `/models-by-hash/${file.sha256}`;
}

async function openCache(): Promise<Cache | undefined> {
  try {
    return await (globalThis.caches as CacheStorage | undefined)?.open(CACHE_NAME);
  } catch {
    // Private windows of some browsers have a cache that refuses to open.
    return undefined;
  }
}

async function download(
  url: string | URL,
  file: ModelFile,
  onProgress: (progress: DownloadProgress) => void,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(file.bytes);
  let loaded = 0;
  onProgress({ loaded, total: file.bytes, cached: false });
  try {
    const response = await fetch(url, { signal: signal ?? null });
    if (!response.ok || response.body === null) {
      throw new EngineError('model-download', `the server answered ${response.status} for ${file.path}`);
    }
    for await (const chunk of response.body) {
      if (loaded + chunk.length > file.bytes) throw new EngineError('model-hash', `${file.path} is too long`);
      bytes.set(chunk, loaded);
      loaded += chunk.length;
      onProgress({ loaded, total: file.bytes, cached: false });
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof EngineError) throw error;
    throw new EngineError('model-download', file.path, { cause: error });
  }
  if (loaded < file.bytes) throw new EngineError('model-hash', `${file.path} is too short`);
  return bytes;
}

async function isFile(bytes: Uint8Array<ArrayBuffer>, file: ModelFile): Promise<boolean> {
  if (bytes.length !== file.bytes) return false;
  const subtle = globalThis.crypto.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) return true;
  const hash = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('') === file.sha256;
}
