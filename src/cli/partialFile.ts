import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Gathered before it is written: formats come in very small pieces. */
const chunkLength = 64 * 1024;

/** A file that gets its name when it is whole. Until then it lies beside its place, under another name. */
export class PartialFile {
  readonly path: string;
  readonly #partial: string;
  readonly #handle: FileHandle;
  #pending = '';

  private constructor(path: string, partial: string, handle: FileHandle) {
    this.path = path;
    this.#partial = partial;
    this.#handle = handle;
  }

  /** Makes the folders that it lies in. */
  static async open(path: string): Promise<PartialFile> {
    await mkdir(dirname(path), { recursive: true });
    // In the same folder: a rename across disks is a copy, and a copy can be cut off.
    const partial = `${path}.${process.pid}.part`;
    return new PartialFile(path, partial, await open(partial, 'w'));
  }

  async write(text: string): Promise<void> {
    this.#pending += text;
    if (this.#pending.length >= chunkLength) await this.#flush();
  }

  /** Now the file is there, in place of an earlier one. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#handle.close();
    await rename(this.#partial, this.path);
  }

  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.#partial, { force: true });
  }

  async #flush(): Promise<void> {
    const text = this.#pending;
    this.#pending = '';
    if (text !== '') await this.#handle.appendFile(text);
  }
}
