import { Observable } from '../../ui/observable.ts';

/** Which Label Studios do not answer at present. One for the page: what is shown offline says so. */
export class Reach extends Observable {
  /** How to ask each of them whether it is back. */
  readonly #away = new Map<string, () => Promise<unknown>>();

  isAway(server: string): boolean {
    return this.#away.has(server);
  }

  get away(): readonly string[] {
    return [...this.#away.keys()];
  }

  /** `ask` resolves when the server answers. */
  lost(server: string, ask: () => Promise<unknown>): void {
    const known = this.#away.has(server);
    this.#away.set(server, ask);
    if (!known) this.changed();
  }

  back(server: string): void {
    if (this.#away.delete(server)) this.changed();
  }

  /** Asks all of them. Never rejects. */
  async recheck(): Promise<void> {
    const asked = [...this.#away].map(([server, ask]) => ask().then(() => this.back(server)));
    await Promise.allSettled(asked);
  }
}
