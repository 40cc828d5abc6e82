import type { Terminal } from './progressLine.ts';

const drawEveryMs = 100;
const logEveryMs = 10_000;

/**
 * What happens now, in one line that is rewritten on a terminal. Elsewhere a line for every topic, and one every
 * few seconds while a topic goes on.
 */
export class StatusLine {
  readonly #out: Terminal;
  readonly #now: () => number;
  #topic: string | null = null;
  #shownAt = -Infinity;
  #shown = '';
  #drawn = false;

  constructor(out: Terminal, now: () => number = () => performance.now()) {
    this.#out = out;
    this.#now = now;
  }

  /** @param topic what is new when it changes: a state, an epoch */
  show(topic: string, text: string, detail: string | null = null): void {
    const now = this.#now();
    const terminal = this.#out.isTTY === true;
    const fresh = topic !== this.#topic;
    if (!fresh && now - this.#shownAt < (terminal ? drawEveryMs : logEveryMs)) return;
    const whole = detail === null ? text : `${text}: ${detail}`;
    if (!fresh && whole === this.#shown) return;
    this.#topic = topic;
    this.#shownAt = now;
    this.#shown = whole;
    if (terminal) {
      this.#out.write(`\r\u001B[K${whole.slice(0, (this.#out.columns ?? 80) - 1)}`);
      this.#drawn = true;
    } else {
      this.#out.write(`${whole}\n`);
    }
  }

  /** Writes a line that stays. */
  say(text: string): void {
    this.clear();
    this.#out.write(`${text}\n`);
  }

  clear(): void {
    if (this.#drawn) this.#out.write('\r\u001B[K');
    this.#drawn = false;
  }
}
