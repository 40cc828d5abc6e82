/** Chance and time, as the tests of runs have them. */
import type { Clock } from '../../../src/prelabel/clock.ts';

/** 0..99 each; when they are used up nothing fails any more, so that every run can come to its end. */
export class Dice {
  readonly #rolls: number[];

  constructor(rolls: readonly number[] = []) {
    this.#rolls = [...rolls];
  }

  roll(): number {
    return this.#rolls.shift() ?? 99;
  }
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Time that jumps: a sleep takes one turn of the event loop and moves the clock by its length. */
export class JumpingClock implements Clock {
  time = 1_000_000;
  readonly sleeps: number[] = [];

  now(): number {
    return this.time;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.sleeps.push(ms);
    await turn();
    signal.throwIfAborted();
    this.time += ms;
  }
}
