import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import type { ImageVersion } from '../../../labelstudio/types.ts';
import { imageExtensions, prepareImage, type ImageExtension } from './prepareImage.ts';

/** An image of the cache, ready for the trainer. */
export interface CachedImage {
  /** Absolute. */
  readonly path: string;
  /** Of the file. */
  readonly sha256: string;
  readonly extension: ImageExtension;
  readonly width: number;
  readonly height: number;
}

/** What is known of an address: which file, and how to ask whether it still is that one. */
const entrySchema = v.object({
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/u)),
  extension: v.picklist(imageExtensions),
  width: v.number(),
  height: v.number(),
  bytes: v.number(),
  /** ETag, where the server gave one. */
  tag: v.nullable(v.string()),
});
type Entry = v.InferOutput<typeof entrySchema>;

export interface ImageSource {
  /** The image's address, Label Studio's included. Only its hash is written: addresses may hold signatures. */
  readonly address: string;
  /** What lies there never changes: nobody is asked for what is here already. */
  readonly isFixed: boolean;
  /** Asks for the bytes, unless they are still those of the tag. */
  fetch(knownTag: string | null): Promise<ImageVersion | 'unchanged'>;
}

/** Bytes that a cache may hold between two trainings. */
const DEFAULT_LIMIT = 20e9;
/** A file half written, by a relay that died. */
const STALE_MS = 3_600_000;

/**
 * Images on disk, each under the hash of its content (`images/<2 hex>/<sha256>.<ext>`), with a small file for each
 * address that it was fetched from (`addresses/<2 hex>/<sha256 of the address>.json`). A file gets its name when it is
 * whole, so that several relays may share a cache and a crash leaves no half image.
 */
export class ImageCache {
  readonly #folder: string;
  readonly #limit: number;

  constructor(folder: string, limit = DEFAULT_LIMIT) {
    this.#folder = folder;
    this.#limit = limit;
  }

  /** The image, from here if possible. Throws `EngineError` for bytes that are no image, or what `source` threw. */
  async get(source: ImageSource): Promise<CachedImage> {
    const entryFile = this.#entryFile(source.address);
    const entry = await this.#readEntry(entryFile);
    if (entry !== null && source.isFixed) return this.#use(entry);
    const answer = await source.fetch(entry?.tag ?? null);
    if (answer === 'unchanged') {
      if (entry === null) throw new Error('The server said "unchanged" although it was told no tag.');
      return this.#use(entry);
    }
    const prepared = await prepareImage(new Uint8Array(await answer.bytes.arrayBuffer()));
    const { bytes, extension, width, height } = prepared;
    const sha256 = hex(bytes);
    const made: Entry = { sha256, extension, width, height, bytes: bytes.length, tag: answer.tag };
    const path = this.#imageFile(made);
    if ((await sizeOf(path)) !== bytes.length) await writeWhole(path, bytes);
    await writeWhole(entryFile, JSON.stringify(made));
    return this.#use(made);
  }

  /** Removes images until they fit, the longest unused first; returns how many. */
  async trim(): Promise<number> {
    const images = await filesIn(join(this.#folder, 'images'));
    let total = images.reduce((sum, { size }) => sum + size, 0);
    let removed = 0;
    for (const { path, size, used } of images.sort((a, b) => a.used - b.used)) {
      const isLeftOver = path.endsWith('.part') && Date.now() - used > STALE_MS;
      if (total <= this.#limit && !isLeftOver) continue;
      await rm(path, { force: true });
      total -= size;
      removed += 1;
    }
    if (removed > 0) await this.#removeLostEntries();
    return removed;
  }

  async #removeLostEntries(): Promise<void> {
    for (const { path } of await filesIn(join(this.#folder, 'addresses'))) {
      if ((await this.#readEntry(path)) === null) await rm(path, { force: true });
    }
  }

  async #use(entry: Entry): Promise<CachedImage> {
    const path = this.#imageFile(entry);
    const now = new Date();
    await utimes(path, now, now);
    const { sha256, extension, width, height } = entry;
    return { path, sha256, extension, width, height };
  }

  /** Null: never fetched, or its image is gone or cut off. */
  async #readEntry(path: string): Promise<Entry | null> {
    try {
      const entry = v.parse(entrySchema, JSON.parse(await readFile(path, 'utf8')));
      return (await sizeOf(this.#imageFile(entry))) === entry.bytes ? entry : null;
    } catch {
      return null;
    }
  }

  #entryFile(address: string): string {
    const name = hex(address);
    return join(this.#folder, 'addresses', name.slice(0, 2), `${name}.json`);
  }

  #imageFile({ sha256, extension }: Entry): string {
    return join(this.#folder, 'images', sha256.slice(0, 2), `${sha256}.${extension}`);
  }
}

const hex = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');

async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(partial, content, { mode: 0o600 });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function sizeOf(path: string): Promise<number | null> {
  return stat(path).then(
    ({ size }) => size,
    () => null,
  );
}

interface FoundFile {
  readonly path: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly used: number;
}

async function filesIn(folder: string): Promise<FoundFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files: FoundFile[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const found = await stat(path).catch(() => null);
    if (found !== null) files.push({ path, size: found.size, used: found.mtimeMs });
  }
  return files;
}
