import { open } from 'node:fs/promises';

/** A line without its end, and the byte of the file after that end. */
export interface Line {
  readonly text: string;
  readonly end: number;
}

const NEWLINE = 0x0a;

/** Cuts chunks into lines; the same lines however the bytes are split, in the middle of a character too. */
export class LineSplitter {
  #rest: Buffer = Buffer.alloc(0);
  #offset: number;

  /** @param offset the byte of the file at which the first chunk begins */
  constructor(offset = 0) {
    this.#offset = offset;
  }

  /** The lines that this chunk completes. */
  push(chunk: Uint8Array): readonly Line[] {
    const bytes = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    const lines: Line[] = [];
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
      lines.push({ text: bytes.toString('utf8', from, at), end: this.#offset + at + 1 });
      from = at + 1;
    }
    this.#rest = bytes.subarray(from);
    this.#offset += from;
    return lines;
  }
}

/** Reads the lines that are added to a file by another process. A line without its end waits for it. */
export class FileTail {
  readonly #path: string;
  readonly #splitter: LineSplitter;
  #position: number;

  constructor(path: string, offset = 0) {
    this.#path = path;
    this.#position = offset;
    this.#splitter = new LineSplitter(offset);
  }

  /** The complete lines since the last call. A file that is not there (yet) has none. */
  async read(): Promise<readonly Line[]> {
    const file = await openIfThere(this.#path);
    if (file === null) return [];
    const lines: Line[] = [];
    try {
      const chunk = Buffer.alloc(64 * 1024);
      for (;;) {
        const { bytesRead } = await file.read(chunk, 0, chunk.length, this.#position);
        if (bytesRead === 0) return lines;
        this.#position += bytesRead;
        lines.push(...this.#splitter.push(chunk.subarray(0, bytesRead)));
      }
    } finally {
      await file.close();
    }
  }
}

async function openIfThere(path: string) {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
