import { open } from 'node:fs/promises';

const MOST = 256 * 1024;

/** At most 256 kB of a log from byte `from` on, cut between characters; '' when there is nothing more. */
export async function readLog(file: string, from: number): Promise<string> {
  let handle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MOST), 0, MOST, from);
    return buffer.toString('utf8', 0, wholeCharacters(buffer.subarray(0, bytesRead)));
  } finally {
    await handle.close();
  }
}

/** Length without a character at the end that is not whole: the next read begins with it. */
function wholeCharacters(bytes: Buffer): number {
  // A character of UTF-8 has four bytes at most; all but its first are 10xxxxxx.
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
