import { imagesPerWorker } from './browserQuirks.ts';

/** For tests: when a worker that works is replaced all the same. */
export interface WearLimits {
  /** Images that it may run. */
  readonly images: number;
  /** Bytes that its WebAssembly memory may grow by after its first images. */
  readonly grownBytes: number;
  /** The memory is looked at after so many images. */
  readonly lookEvery: number;
}

export function usualWear(): WearLimits {
  return { images: imagesPerWorker(), grownBytes: 512 * 1024 * 1024, lookEvery: 25 };
}

/** What the images have left behind in one worker: memory of WebAssembly never shrinks, and of a GPU nobody can tell. */
export class WorkerWear {
  readonly #limits: WearLimits;
  #images = 0;
  #firstBytes: number | undefined;

  constructor(limits: WearLimits) {
    this.#limits = limits;
  }

  /** Counts an image. True when the worker is worn out and a fresh one should take its place. */
  async imageDone(heapBytes: () => Promise<number>): Promise<boolean> {
    const { images, grownBytes, lookEvery } = this.#limits;
    this.#images += 1;
    if (this.#images >= images) return true;
    if (this.#images % lookEvery !== 0) return false;
    const bytes = await heapBytes();
    this.#firstBytes ??= bytes;
    return bytes - this.#firstBytes > grownBytes;
  }

  /** No fresh worker could be had: this one may run as many images once more. */
  startAnew(): void {
    this.#images = 0;
    this.#firstBytes = undefined;
  }
}
