import { SerialQueue } from './serialQueue.ts';
import { Slots } from './slots.ts';

/** Images held at once: one that is inferred and two that are decoded meanwhile. */
const HELD_IMAGES = 3;

export interface PipelineStages<Prepared, Result> {
  /**
   * Decodes; runs for up to `HELD_IMAGES` images at once. `turn` resolves when the images before this one are done, for those
   * that are too large to be held ahead; it rejects when this one is given up before.
   */
  readonly prepare: (image: Blob, turn: Promise<void>) => Promise<Prepared>;
  /** Infers; never runs twice at the same time. Owns `prepared` from its call on. */
  readonly infer: (prepared: Prepared, image: Blob, signal: AbortSignal) => Promise<Result>;
  /** Frees what `prepare` made for an image that is not inferred after all. */
  readonly discard: (prepared: Prepared) => void;
}

/**
 * Decodes the next images while one is inferred, keeps their order, and holds no more than three, however
 * many are handed in. An aborted image rejects at once; it and a failed one leave the others alone.
 */
export class Pipeline<Prepared, Result> {
  readonly #stages: PipelineStages<Prepared, Result>;
  readonly #slots = new Slots(HELD_IMAGES);
  readonly #queue = new SerialQueue();

  constructor(stages: PipelineStages<Prepared, Result>) {
    this.#stages = stages;
  }

  async run(image: Blob, signal: AbortSignal = new AbortController().signal): Promise<Result> {
    await this.#slots.acquire(signal);
    const turn = new Turn();
    const prepared = this.#stages.prepare(image, turn.come);
    // Its failure is heard when the image's turn comes; until then it is not unhandled.
    prepared.catch(() => undefined);
    let inference: Promise<Result> | undefined;
    try {
      return await this.#queue.add(async () => {
        turn.take();
        const ready = await prepared;
        signal.throwIfAborted();
        inference = this.#stages.infer(ready, image, signal);
        return inference;
      }, signal);
    } catch (error) {
      turn.pass(error);
      throw error;
    } finally {
      // An aborted image may be decoded or inferred still; its place is free when its pixels are gone.
      void prepared
        .then<unknown>((ready) => inference ?? this.#stages.discard(ready))
        .catch(() => undefined)
        .finally(() => this.#slots.release());
    }
  }

  /** Resolves when everything handed in so far has ended. */
  async idle(): Promise<void> {
    await this.#queue.idle();
  }
}

class Turn {
  /** Settles once, whichever of the two is first. */
  readonly come: Promise<void>;
  take!: () => void;
  pass!: (reason: unknown) => void;

  constructor() {
    this.come = new Promise<void>((resolve, reject) => {
      this.take = resolve;
      this.pass = reject;
    });
    // Most images do not wait for it.
    this.come.catch(() => undefined);
  }
}
