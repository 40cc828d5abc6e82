import type { DetectResult } from '../../engine/types.ts';
import type { SourceItem } from '../../prelabel/types.ts';
import type { EngineState } from './engineState.ts';
import type { ItemIndex } from './itemIndex.ts';
import { Observable } from './observable.ts';
import { problemOf } from './problem.ts';
import type { Thumbnails } from './thumbnails.ts';

/** One image of a look ahead: first its picture arrives, then its boxes. */
export interface PeekCard {
  readonly key: string;
  readonly name: string;
  readonly url: string | null;
  readonly result: DetectResult | null;
  readonly problem: string | null;
}

/**
 * A few images of a source, predicted and shown, nothing stored and nothing posted: the samples of the first
 * visit and the preview before a run.
 */
export class PeekState extends Observable {
  cards: readonly PeekCard[] = [];
  /** Why the source could not be listed, or null. */
  problem: string | null = null;

  readonly #engine: EngineState;
  readonly #thumbnails: Thumbnails;
  #abort = new AbortController();
  #shown = '';

  constructor(engine: EngineState, thumbnails: Thumbnails) {
    super();
    this.#engine = engine;
    this.#thumbnails = thumbnails;
  }

  /** Shows the first `n` items with the chosen model; does nothing when they are shown already. */
  async show(sourceId: string, items: ItemIndex, n: number): Promise<void> {
    const shown = JSON.stringify([sourceId, this.#engine.model?.version ?? '', n]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#abort.abort();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.problem = null;
    this.cards = [];
    this.changed();
    try {
      const found = await items.first(n);
      if (signal.aborted) return;
      this.cards = found.map(({ key, name }) => ({ key, name, url: null, result: null, problem: null }));
      this.changed();
      await Promise.all(found.map((item) => this.#predict(sourceId, item, signal)));
    } catch (error) {
      if (signal.aborted) return;
      // '#shown' stays: a failed listing is tried again when asked to (reset), not with every rendering.
      this.problem = problemOf(error);
      this.changed();
    }
  }

  /** Forgets what is shown, so that the next `show` starts over. */
  reset(): void {
    this.#abort.abort();
    this.#shown = '';
    this.cards = [];
    this.problem = null;
    this.changed();
  }

  async #predict(sourceId: string, item: SourceItem, signal: AbortSignal): Promise<void> {
    const set = (change: Partial<PeekCard>): void => {
      if (signal.aborted) return;
      this.cards = this.cards.map((card) => (card.key === item.key ? { ...card, ...change } : card));
      this.changed();
    };
    try {
      const image = await item.load(signal);
      // The picture need not wait for the detector, nor the detector for the picture.
      const picture = this.#thumbnails
        .get(`${sourceId} ${item.key}`, () => Promise.resolve(image))
        .then(({ url }) => set({ url }))
        .catch(() => undefined);
      const engine = await this.#engine.ready();
      const result = await engine.detect(image, { signal });
      if (!signal.aborted) this.#engine.note(result);
      await picture;
      set({ result });
    } catch (error) {
      set({ problem: problemOf(error) });
    }
  }
}
