import { ConnectionError } from '../../../src/prelabel/connectionError.ts';
import type { ItemResult, PredictionSink } from '../../../src/prelabel/types.ts';
import { Dice, turn } from './chance.ts';

/** A receiver that keeps one prediction a task, and whose answers get lost. */
export class Receiver implements PredictionSink {
  readonly held = new Set<number>();
  /** Tasks that it never takes. */
  readonly refuses: ReadonlySet<number>;
  finishes = 0;
  posts: number[][] = [];
  inFlight = 0;
  mostInFlight = 0;
  readonly #dice: Dice;

  constructor(dice = new Dice(), refuses: readonly number[] = []) {
    this.#dice = dice;
    this.refuses = new Set(refuses);
  }

  async post(results: readonly ItemResult[], signal: AbortSignal) {
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      await turn();
      signal.throwIfAborted();
      const tasks = results.map(({ taskId }) => taskId ?? -1);
      this.posts.push(tasks);
      const fate = this.#dice.roll();
      if (fate < 10) throw new TypeError('Failed to fetch');
      const stored: number[] = [];
      const rejected: { task: number; reason: string }[] = [];
      for (const [index, task] of tasks.entries()) {
        // Cut off in the middle: what came before is held, and nobody was told.
        if (fate < 20 && index >= tasks.length / 2) throw new TypeError('Connection reset');
        if (this.refuses.has(task)) {
          rejected.push({ task, reason: 'The task is gone.' });
        } else {
          this.held.add(task);
          if (fate >= 30 || index % 2 === 0) stored.push(task);
        }
      }
      await turn();
      // Cut off after it took everything.
      if (fate >= 30 && fate < 40) throw new TypeError('Connection reset');
      signal.throwIfAborted();
      return { stored, rejected };
    } finally {
      this.inFlight -= 1;
    }
  }

  async finish(): Promise<void> {
    await turn();
    if (this.#dice.roll() < 20) throw new ConnectionError('unreachable', 'Label Studio does not answer.');
    this.finishes += 1;
  }
}
