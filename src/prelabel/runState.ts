import { Bell } from './bell.ts';
import { Tally } from './tally.ts';
import type { ItemResult, RunPhase, RunProgress } from './types.ts';

type End = 'done' | 'cancelled' | 'failed';

/**
 * The facts about a run and the one place where its phase and message are made from them. Changes are told to
 * the listeners once each: a call that changes nothing that is shown tells nobody.
 */
export class RunState {
  readonly tally = new Tally();
  /** Rung when a waiting run should look again: resumed, or the last image is through. */
  readonly bell = new Bell();
  readonly #withSink: boolean;
  readonly #listeners = new Set<(progress: RunProgress) => void>();
  readonly #resultListeners = new Set<(result: ItemResult) => void>();
  #stage: 'preparing' | 'running' | 'posting' = 'preparing';
  #paused = false;
  #pauseReason: string | null = null;
  #needsToken = false;
  /** Images that are still to be seen before anything is posted; null: there is no preview (any more). */
  #preview: number | null = null;
  #sourceTrouble: string | null = null;
  #sinkTrouble: string | null = null;
  #end: End | null = null;
  #endReason: string | null = null;
  #firstRefusal: string | null = null;
  #progress: RunProgress;

  /** `preview`: so many images are done, then the run pauses, and nothing is posted before it is resumed. */
  constructor(withSink: boolean, preview: number | null = null) {
    this.#withSink = withSink;
    this.#preview = preview;
    this.#progress = this.#snapshot();
  }

  get progress(): RunProgress {
    return this.#progress;
  }

  get ended(): boolean {
    return this.#end !== null;
  }

  /** Images are still to be seen before anything is posted. */
  get previewing(): boolean {
    return this.#preview !== null;
  }

  subscribe(listener: (progress: RunProgress) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onResult(listener: (result: ItemResult) => void): () => void {
    this.#resultListeners.add(listener);
    return () => this.#resultListeners.delete(listener);
  }

  stored(result: ItemResult): void {
    if (this.#preview !== null && result.state === 'done') this.#preview -= 1;
    if (this.#preview === 0) this.endPreview();
    for (const listener of this.#resultListeners) tell(listener, result);
  }

  enter(stage: 'running' | 'posting'): void {
    this.#stage = stage;
    this.changed();
  }

  pause(reason: string | null): void {
    if (this.#end !== null || (this.#paused && reason === null)) return;
    this.#paused = true;
    this.#pauseReason = reason;
    this.tally.forgetPace();
    this.changed();
  }

  /** All images of the preview are through; also called when there are fewer images than it wanted. */
  endPreview(): void {
    if (this.#preview === null) return;
    this.#preview = null;
    const seen = this.tally.done;
    if (seen > 0) {
      const posted = this.#withSink ? ' and nothing is posted' : '';
      this.pause(
        `${seen} ${seen === 1 ? 'image is' : 'images are'} done${posted} yet. Look at them under Review, set the threshold, then resume.`,
      );
    }
    this.bell.ring();
  }

  /** Pauses until somebody has given another token. */
  async signIn(message: string, signal: AbortSignal): Promise<void> {
    this.#needsToken = true;
    this.pause(message);
    await this.unlessPaused(signal);
  }

  resume(): void {
    this.#paused = false;
    this.#pauseReason = null;
    this.#needsToken = false;
    this.changed();
    this.bell.ring();
  }

  /** Resolves at once, or when the run is resumed. */
  async unlessPaused(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.#paused) await this.bell.heard(signal);
  }

  /** The same for posting, which waits for the end of a preview too. */
  async unlessHeld(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.#paused || this.#preview !== null) await this.bell.heard(signal);
  }

  sourceTrouble(message: string | null): void {
    this.#sourceTrouble = message;
    if (message !== null) this.tally.forgetPace();
    this.changed();
  }

  sinkTrouble(message: string | null): void {
    this.#sinkTrouble = message;
    this.changed();
  }

  refused(reason: string): void {
    this.#firstRefusal ??= reason;
    this.changed();
  }

  finish(end: End, reason: string | null): void {
    this.#end = end;
    this.#endReason = reason;
    this.changed();
  }

  /** Tells the listeners if anything that they can see is different. */
  changed(): void {
    const next = this.#snapshot();
    const keys = Object.keys(next) as (keyof RunProgress)[];
    if (keys.every((key) => Object.is(next[key], this.#progress[key]))) return;
    this.#progress = next;
    for (const listener of this.#listeners) tell(listener, next);
  }

  #phase(): RunPhase {
    if (this.#end !== null) return this.#end;
    if (this.#paused) return 'paused';
    // A receiver that is away holds nothing up as long as there are images to go through.
    if (this.#stage === 'posting') return this.#sinkTrouble === null ? 'posting' : 'waiting';
    return this.#sourceTrouble === null ? this.#stage : 'waiting';
  }

  #message(): string | null {
    if (this.#end !== null) return this.#endReason ?? this.#refusals();
    return this.#pauseReason ?? this.#sourceTrouble ?? this.#sinkTrouble ?? this.#refusals();
  }

  #refusals(): string | null {
    if (this.#firstRefusal === null) return null;
    const count = this.tally.rejected;
    return `${count} ${count === 1 ? 'result was' : 'results were'} not accepted: ${this.#firstRefusal}`;
  }

  #snapshot(): RunProgress {
    const { total, done, failed, skipped, posted, rejected, handled, rate, secondsLeft } = this.tally;
    const phase = this.#phase();
    return Object.freeze({
      phase,
      total: Math.max(total, handled),
      done,
      failed,
      skipped,
      posted: this.#withSink ? posted : null,
      rejected: this.#withSink ? rejected : null,
      rate,
      secondsLeft: phase === 'running' ? secondsLeft : null,
      message: this.#message(),
      needsToken: this.#needsToken && phase === 'paused',
    });
  }
}

/** A listener that throws is a bug of the listener, reported as one; the run goes on. */
function tell<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
