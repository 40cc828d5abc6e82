/** A stage for runs: engine, source, receiver and clock whose every failure is drawn from one list of dice. */
import { EngineError } from '../../../src/engine/errors.ts';
import { SerialQueue } from '../../../src/engine/serialQueue.ts';
import type { Engine } from '../../../src/engine/types.ts';
import { ConnectionError } from '../../../src/prelabel/connectionError.ts';
import type { ResultStore, Source, SourceItem } from '../../../src/prelabel/types.ts';
import { memoryStore } from '../../../src/prelabel/memoryStore.ts';
import { StoreError } from '../../../src/store/storeError.ts';
import { Dice, JumpingClock, turn } from './chance.ts';
import { Receiver } from './receiver.ts';

export const VERSION = 'm-12345678';

/** An engine that infers one image at a time, as engines do, and notices how many it is handed. */
export class StageEngine implements Engine {
  readonly info = {
    backend: 'wasm',
    device: 'stage',
    why: 'It is a test.',
    warmUpMs: 0,
    modelVersion: VERSION,
  } as const;
  inHand = 0;
  mostInHand = 0;
  readonly seen: string[] = [];
  readonly #dice: Dice;
  readonly #clock: JumpingClock | null;
  readonly #queue = new SerialQueue();

  constructor(dice = new Dice(), clock: JumpingClock | null = null) {
    this.#dice = dice;
    this.#clock = clock;
  }

  async detect(image: Blob, { signal }: { readonly signal?: AbortSignal } = {}) {
    this.inHand += 1;
    this.mostInHand = Math.max(this.mostInHand, this.inHand);
    try {
      return await this.#queue.add((until) => this.#infer(image, until), signal);
    } finally {
      this.inHand -= 1;
    }
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }

  async #infer(image: Blob, signal: AbortSignal) {
    const name = await image.text();
    for (let turns = this.#dice.roll() % 4; turns >= 0; turns -= 1) {
      signal.throwIfAborted();
      await turn();
    }
    signal.throwIfAborted();
    this.seen.push(name);
    if (this.#clock !== null) this.#clock.time += 500;
    const fate = this.#dice.roll();
    if (fate < 8) throw new EngineError('image-truncated');
    if (fate < 12) throw new EngineError('inference-failed');
    if (fate < 15) throw new Error('a bug');
    const detections = [{ x1: 1, y1: 2, x2: 30, y2: 40, score: 0.9, label: 0 }];
    const timings = { decode: 1, preprocess: 1, infer: 1, postprocess: 1, total: 4 };
    return { width: 100, height: 50, detections, timings };
  }
}

export const keyOf = (task: number): string => `task:${task}`;

/** Tasks 1..count. Listing and loading may fail, of an item or as a whole. */
export function stageSource(count: number, dice = new Dice()): Source & { readonly loads: string[] } {
  const loads: string[] = [];
  const away = (): never => {
    throw new ConnectionError('unreachable', 'Label Studio does not answer.');
  };
  const itemOf = (task: number): SourceItem => ({
    key: keyOf(task),
    name: `Task ${task}`,
    taskId: task,
    async load(signal) {
      loads.push(keyOf(task));
      await turn();
      signal.throwIfAborted();
      const fate = dice.roll();
      if (fate < 4) away();
      if (fate < 10)
        throw Object.assign(new Error('The image is not there. Upload it again.'), { code: 'http-404' });
      return new Blob([keyOf(task)]);
    },
  });
  return {
    id: 'labelstudio:http://ls.test:1',
    title: 'Project',
    loads,
    async count() {
      await turn();
      if (dice.roll() < 10) away();
      return count;
    },
    async *items(signal) {
      for (let task = 1; task <= count; task += 1) {
        signal.throwIfAborted();
        if (dice.roll() < 4) away();
        await Promise.resolve();
        yield itemOf(task);
      }
    },
  };
}

/** Counts what is durably stored, and runs out of room at times. */
export function watchedStore(
  store: ResultStore,
  dice = new Dice(),
): ResultStore & { readonly keys: Set<string> } {
  const keys = new Set<string>();
  return {
    ...store,
    keys,
    async put(result, options) {
      await turn();
      if (dice.roll() < 5) throw new StoreError('quota');
      await store.put(result, options);
      keys.add(result.key);
    },
  };
}

/** All that a run needs, with nothing failing. */
export function stage(count = 5) {
  const clock = new JumpingClock();
  return {
    clock,
    engine: new StageEngine(undefined, clock),
    source: stageSource(count),
    store: memoryStore(),
    sink: new Receiver(),
  };
}

/** Until `condition` holds; fails the test when it never does. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; turns < 2000; turns += 1) {
    if (condition()) return;
    await turn();
  }
  throw new Error('It never came to that.');
}
