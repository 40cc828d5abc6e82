import type { ItemIndex } from './itemIndex.ts';
import { problemOf } from '../../ui/problem.ts';

/** The whole image of one item at a time, as a blob address that is freed with the next one. */
export class FullImage {
  url: string | null = null;
  problem: string | null = null;

  readonly #changed: () => void;
  #wanted: string | null = null;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Loads an item's image; a later call overtakes an earlier one. */
  async show(items: ItemIndex | null, key: string): Promise<void> {
    this.clear();
    this.#wanted = key;
    if (items === null) return;
    try {
      const image = await items.load(key);
      if (this.#wanted !== key) return;
      this.url = URL.createObjectURL(image);
    } catch (error) {
      if (this.#wanted !== key) return;
      this.problem = problemOf(error);
    }
    this.#changed();
  }

  clear(): void {
    if (this.url !== null) URL.revokeObjectURL(this.url);
    this.url = null;
    this.problem = null;
    this.#wanted = null;
  }
}
