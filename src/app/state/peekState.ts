import type { DetectResult } from '../../engine/types.ts';
import type { SourceItem } from '../../prelabel/types.ts';
import type { EngineState } from './engineState.ts';
import type { ItemIndex } from './itemIndex.ts';
import { Observable } from '../../ui/observable.ts';
import { problemOf } from '../../ui/problem.ts';
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
      // All pictures at once, so that the page is full while the model is still on its way.
      for (const item of found) void this.#picture(sourceId, item, signal);
      await this.#predictAll(found, signal);
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

  /** Two at a time, in order: the next image is read while one is under inference, as in a run. */
  async #predictAll(items: readonly SourceItem[], signal: AbortSignal): Promise<void> {
    const waiting = [...items];
    const lane = async (): Promise<void> => {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
        if (signal.aborted) return;
        await this.#predict(item, signal);
      }
    };
    await Promise.all([lane(), lane()]);
  }

  async #picture(sourceId: string, item: SourceItem, signal: AbortSignal): Promise<void> {
    try {
      const { url } = await this.#thumbnails.get(`${sourceId} ${item.key}`, () => item.load(signal));
      this.#set(item, { url }, signal);
    } catch {
      // The detector meets the same trouble, and says it in words.
    }
  }

  async #predict(item: SourceItem, signal: AbortSignal): Promise<void> {
    try {
      const image = await item.load(signal);
      const engine = await this.#engine.ready();
      const result = await engine.detect(image, { signal });
      if (!signal.aborted) this.#engine.note(result);
      this.#set(item, { result }, signal);
    } catch (error) {
      this.#set(item, { problem: problemOf(error) }, signal);
    }
  }

  #set(item: SourceItem, change: Partial<PeekCard>, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.cards = this.cards.map((card) => (card.key === item.key ? { ...card, ...change } : card));
    this.changed();
  }
}
