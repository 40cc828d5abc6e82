import PQueue from 'p-queue';
import { assertFits } from '../../engine/client/decodeBitmap.ts';

/** Of an image that is ready to be shown small. */
export interface Thumbnail {
  /** A blob address; valid until the thumbnail is dropped. */
  readonly url: string;
}

const keep = 240;
const longSide = 480;

/**
 * Small upright pictures of large images, made when they come into view and freed when 240 newer ones
 * have come: a project of 100,000 images costs no more memory than a screenful.
 */
export class Thumbnails {
  readonly #made = new Map<string, Promise<Thumbnail>>();
  // Two at a time: decoding competes with the detector for the same cores.
  readonly #queue = new PQueue({ concurrency: 2 });

  /** The thumbnail for a key, made from the bytes that `load` brings unless it is there already. */
  get(key: string, load: () => Promise<Blob>): Promise<Thumbnail> {
    const known = this.#made.get(key);
    if (known !== undefined) {
      // Used again: to the young end of the map's order.
      this.#made.delete(key);
      this.#made.set(key, known);
      return known;
    }
    const making = this.#queue.add(async () => ({ url: URL.createObjectURL(await shrink(await load())) }));
    this.#made.set(key, making);
    making.catch(() => this.#made.delete(key));
    this.#dropOldest();
    return making;
  }

  /** Frees everything, for another source. */
  clear(): void {
    this.#queue.clear();
    for (const key of [...this.#made.keys()]) this.#drop(key);
  }

  #dropOldest(): void {
    for (const key of this.#made.keys()) {
      if (this.#made.size <= keep) return;
      this.#drop(key);
    }
  }

  #drop(key: string): void {
    const making = this.#made.get(key);
    this.#made.delete(key);
    making?.then(
      ({ url }) => URL.revokeObjectURL(url),
      () => undefined,
    );
  }
}

/** At most 480 px on the long side, EXIF applied; small images are passed on as they are. */
async function shrink(image: Blob): Promise<Blob> {
  await assertFits(image);
  const full = await createImageBitmap(image);
  try {
    const ratio = longSide / Math.max(full.width, full.height);
    const canvas = new OffscreenCanvas(
      Math.max(1, Math.round(full.width * Math.min(1, ratio))),
      Math.max(1, Math.round(full.height * Math.min(1, ratio))),
    );
    const context = canvas.getContext('2d');
    if (context === null) return image;
    context.imageSmoothingQuality = 'medium';
    context.drawImage(full, 0, 0, canvas.width, canvas.height);
    return await canvas.convertToBlob({ type: 'image/webp', quality: 0.85 });
  } finally {
    full.close();
  }
}
