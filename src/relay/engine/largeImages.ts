import { readImageHeader } from '../../engine/imageHeader.ts';
import { SerialQueue } from '../../engine/serialQueue.ts';

/** Pixels of an image beside which others may be decoded; as RGB it takes three times as many bytes. */
const usualPixels = 50_000_000;
/** Of a file, to find its size in. */
const headerBytes = 1024 * 1024;

/** A small file may unfold to a gigabyte: such images go one by one, and the others past them. */
export class LargeImages {
  readonly #queue = new SerialQueue();

  async inTurn<T>(image: Blob, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return (await isLarge(image)) ? this.#queue.add(work, signal) : work();
  }
}

/** Also where the file does not say it early on. */
async function isLarge(image: Blob): Promise<boolean> {
  const { size } = readImageHeader(new Uint8Array(await image.slice(0, headerBytes).arrayBuffer()));
  return size === undefined ? image.size > headerBytes : size.width * size.height > usualPixels;
}
