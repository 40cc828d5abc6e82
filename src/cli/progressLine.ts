import type { RunProgress } from '../prelabel/types.ts';

/** Without a terminal there is no line to rewrite, and a log should not fill with progress. */
const logEveryMs = 5000;
const drawEveryMs = 100;

export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows how a run goes: one line that is rewritten on a terminal, a line every few seconds elsewhere. */
export class ProgressLine {
  readonly #out: Terminal;
  readonly #now: () => number;
  /** Null before the first image: loading the model is no progress. */
  #shownAt: number | null = null;
  #drawn = false;
  #message: string | null = null;

  constructor(out: Terminal, now: () => number = () => performance.now()) {
    this.#out = out;
    this.#now = now;
  }

  show(progress: RunProgress): void {
    // Waiting, refusals: said once, on a line that stays.
    if (progress.message !== null && progress.message !== this.#message) this.say(progress.message);
    this.#message = progress.message;
    const now = this.#now();
    this.#shownAt ??= now;
    if (now - this.#shownAt < (this.#out.isTTY === true ? drawEveryMs : logEveryMs)) return;
    this.#shownAt = now;
    const text = describe(progress);
    if (this.#out.isTTY === true) {
      this.#out.write(`\r\u001B[K${text.slice(0, (this.#out.columns ?? 80) - 1)}`);
      this.#drawn = true;
    } else {
      this.#out.write(`${text}\n`);
    }
  }

  /** Writes a line that stays, above the one that is rewritten. */
  say(text: string): void {
    this.clear();
    this.#out.write(`${text}\n`);
  }

  clear(): void {
    if (this.#drawn) this.#out.write('\r\u001B[K');
    this.#drawn = false;
  }
}

/** '120 of 500 images, 2 failed, 31.2/s, 12 s left'. */
export function describe(progress: RunProgress): string {
  const { total, done, failed, skipped, posted, rate, secondsLeft, phase } = progress;
  const parts = [`${done + failed + skipped} of ${total} images`];
  if (failed > 0) parts.push(`${failed} failed`);
  if (posted !== null) parts.push(`${posted} stored in Label Studio`);
  if (rate !== null && phase === 'running') parts.push(`${rate.toFixed(rate < 10 ? 1 : 0)}/s`);
  if (secondsLeft !== null) parts.push(`${duration(secondsLeft)} left`);
  if (phase === 'waiting') parts.push('waiting');
  return parts.join(', ');
}

/** "1 min 13 s", "2 h 5 min". */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
