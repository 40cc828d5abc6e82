import { setTimeout as sleep } from 'node:timers/promises';
import type { Timings } from '../../../src/engine/types.ts';

/** One image, from the file to its boxes; times in milliseconds. */
export interface Measured {
  readonly total: number;
  /** Where the time went; null for who does not say. */
  readonly stages: Pick<Timings, 'decode' | 'preprocess' | 'infer' | 'postprocess'> | null;
  readonly boxes: number;
}

/** Somebody who finds boxes in a file, to be compared with others. */
export interface Contender {
  readonly name: string;
  readonly device: string;
  one(file: string): Promise<Measured>;
  /** All of them, as fast as it can. Resolves with milliseconds. */
  many(files: readonly string[]): Promise<number>;
  close(): Promise<void>;
}

/** Closes all, the last first, also where one cannot be closed: why not is thrown when all have been tried. */
export async function closeAll(opened: readonly { close(): Promise<void> }[]): Promise<void> {
  const failures: unknown[] = [];
  for (const each of opened.toReversed()) await each.close().catch((error: unknown) => failures.push(error));
  if (failures.length > 0)
    throw new AggregateError(failures, `Not everything could be closed: ${failures.join(' ')}`);
}

export interface Sample extends Measured {
  readonly file: string;
  readonly round: number;
}

/** Threads of the one before may still look for work for some milliseconds. */
const settleMs = 60;

export interface Turns {
  /** Of each contender, images that follow another one, as all of a run but its first do. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  /**
   * Of each contender, milliseconds of the images before those: the first after the pause between two contenders. Processors
   * that a virtual machine has put to sleep take milliseconds to come back, which says little of an engine.
   */
  readonly afterPause: ReadonlyMap<string, readonly number[]>;
}

/**
 * All contenders on the same images, some images each in turn, so that whatever else the machine does hits all alike; who
 * begins changes from turn to turn. Each gets another image first, and one at the very beginning to warm up.
 *
 * @param perTurn images that follow each other
 * @param fewer how many of the files a contender gets, where it would take too long
 */
export async function inTurn(
  contenders: readonly Contender[],
  files: readonly string[],
  { rounds, perTurn }: { readonly rounds: number; readonly perTurn: number },
  fewer: ReadonlyMap<string, number>,
): Promise<Turns> {
  const samples = new Map(contenders.map(({ name }) => [name, [] as Sample[]]));
  const afterPause = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  const warmUp = files[0];
  if (warmUp === undefined) throw new Error('There are no images to measure with.');
  for (const contender of contenders) await contender.one(warmUp);
  let turn = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (let from = 0; from < files.length; from += perTurn) {
      turn += 1;
      for (let step = 0; step < contenders.length; step += 1) {
        const contender = contenders[(turn + step) % contenders.length];
        if (contender === undefined) continue;
        const own = files.slice(from, Math.min(from + perTurn, fewer.get(contender.name) ?? files.length));
        if (own.length === 0) continue;
        await sleep(settleMs);
        afterPause.get(contender.name)?.push((await contender.one(files.at(from - 1) ?? warmUp)).total);
        for (const file of own)
          samples.get(contender.name)?.push({ ...(await contender.one(file)), file, round });
      }
    }
  }
  return { samples, afterPause };
}
