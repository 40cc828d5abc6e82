import PQueue from 'p-queue';
import { Shrinker } from './shrinker.ts';

/** Of an image that is ready to be shown small. */
export interface Thumbnail {
  /** A blob address; valid until the thumbnail is dropped. */
  readonly url: string;
}

interface Making {
  readonly thumbnail: Promise<Thumbnail>;
  readonly state: {
    /** How many still wait for it. */
    wanted: number;
    /** Its address once it is made. */
    url: string | null;
  };
}

const keep = 240;
const longSide = 480;

/**
 * Small upright pictures of large images, made when they come into view and freed when 240 newer ones
 * have come: a project of 100,000 images costs no more memory than a screenful.
 */
export class Thumbnails {
  /** In the order of use: oldest first. */
  readonly #made = new Map<string, Making>();
  // Two at a time: decoding competes with the detector for the same cores.
  readonly #queue = new PQueue({ concurrency: 2 });
  readonly #shrinker = new Shrinker();
  #asked = 0;

  /** The address of a thumbnail that is there already. */
  peek(key: string): string | null {
    return this.#used(key)?.state.url ?? null;
  }

  /**
   * The thumbnail for a key, made from the bytes that `load` brings unless it is there already. What was asked for
   * last is made first, for it is what is in view. `signal`: it is not wanted any more; one that nobody wants when
   * its turn comes is not made, and rejects with an AbortError.
   */
  get(key: string, load: () => Promise<Blob>, signal?: AbortSignal): Promise<Thumbnail> {
    const known = this.#used(key);
    if (known !== undefined) known.state.wanted += 1;
    const { thumbnail, state } = known ?? this.#make(key, load);
    signal?.addEventListener('abort', () => (state.wanted -= 1), { once: true });
    return thumbnail;
  }

  /** Frees everything, for another source. */
  clear(): void {
    this.#queue.clear();
    for (const key of [...this.#made.keys()]) this.#drop(key);
  }

  #make(key: string, load: () => Promise<Blob>): Making {
    const state: Making['state'] = { wanted: 1, url: null };
    const work = async (): Promise<Thumbnail> => {
      if (state.wanted === 0) throw new DOMException('It is out of view.', 'AbortError');
      const url = URL.createObjectURL(await this.#shrinker.shrink(await load(), longSide));
      state.url = url;
      return { url };
    };
    const making = { thumbnail: this.#queue.add(work, { priority: ++this.#asked }), state };
    this.#made.set(key, making);
    making.thumbnail.catch(() => {
      if (this.#made.get(key) === making) this.#made.delete(key);
    });
    for (const oldest of this.#made.keys()) {
      if (this.#made.size <= keep) break;
      this.#drop(oldest);
    }
    return making;
  }

  /** To the young end of the map's order. */
  #used(key: string): Making | undefined {
    const known = this.#made.get(key);
    if (known === undefined) return undefined;
    this.#made.delete(key);
    this.#made.set(key, known);
    return known;
  }

  #drop(key: string): void {
    const making = this.#made.get(key);
    this.#made.delete(key);
    making?.thumbnail.then(
      ({ url }) => URL.revokeObjectURL(url),
      () => undefined,
    );
  }
}
