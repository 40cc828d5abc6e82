import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/prelabel/memoryStore.ts';
import { startRun } from '../../../src/prelabel/run.ts';
import type { ResultStore, RunProgress } from '../../../src/prelabel/types.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { resultStore } from '../../../src/store/results.ts';
import { Dice, JumpingClock, turn } from './chance.ts';
import { Receiver } from './receiver.ts';
import { keyOf, StageEngine, stageSource, VERSION, watchedStore } from './stage.ts';

const dice = fc.array(fc.nat(99), { maxLength: 120 });
let databases = 0;

const stores: Readonly<Record<string, () => Promise<ResultStore>>> = {
  memory: () => Promise.resolve(memoryStore()),
  IndexedDB: async () => resultStore(await openDatabase({ name: `property-${(databases += 1)}` })),
};

describe.each(Object.entries(stores))('runs on %s, cut off and failing at random', (_name, makeStore) => {
  it('hand the engine three images at most, count only what is stored, and leave each result at the receiver once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(25),
        fc.array(fc.nat(120), { maxLength: 4 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 25 }), { maxLength: 3 }),
        fc.record({ engine: dice, source: dice, sink: dice, store: dice, pauses: dice }),
        async (count, cuts, refused, rolls) => {
          const clock = new JumpingClock();
          const engine = new StageEngine(new Dice(rolls.engine));
          const source = stageSource(count, new Dice(rolls.source));
          const sink = new Receiver(new Dice(rolls.sink), refused);
          const store = watchedStore(await makeStore(), new Dice(rolls.store));
          const pauses = new Dice(rolls.pauses);

          // Listeners cannot throw into a run: what they see is judged afterwards.
          const seen: { before: RunProgress; progress: RunProgress; stored: number; held: number }[] = [];
          const once = async (cutAfter: number | null): Promise<RunProgress> => {
            const run = startRun({ source, engine, store, sink, clock, retryFailed: true });
            let before = run.progress;
            run.subscribe((progress) => {
              seen.push({ before, progress, stored: store.keys.size, held: sink.held.size });
              before = progress;
              // Somebody makes room on the disk, or comes back from lunch.
              if (progress.phase === 'paused') setImmediate(() => run.resume());
              else if (pauses.roll() < 5) run.pause();
            });
            if (cutAfter !== null) {
              for (let turns = 0; turns < cutAfter; turns += 1) await turn();
              run.cancel();
            }
            const end = await run.finished;
            expect(end).toBe(run.progress);
            expect(engine.inHand).toBe(0);
            return end;
          };

          for (const cut of cuts) expect(['cancelled', 'done', 'failed']).toContain((await once(cut)).phase);
          let end = await once(null);
          // Ten machine failures in a row end a run; it can be started again.
          while (end.phase === 'failed') end = await once(null);

          expect(end.phase).toBe('done');
          for (const { before, progress, stored, held } of seen) {
            const counted = progress.done + progress.failed + progress.skipped;
            expect(counted).toBeLessThanOrEqual(stored);
            expect(counted).toBeLessThanOrEqual(progress.total);
            expect(progress.posted).toBeLessThanOrEqual(held);
            expect(progress).not.toEqual(before);
          }
          expect(engine.mostInHand).toBeLessThanOrEqual(3);
          expect(sink.mostInFlight).toBeLessThanOrEqual(1);
          const results = await store.all(source.id, VERSION);
          expect(results.map(({ key }) => key).sort()).toEqual(
            Array.from({ length: count }, (_, index) => keyOf(index + 1)).sort(),
          );
          expect(end.total).toBe(count);
          expect(end.done + end.failed + end.skipped).toBe(count);
          expect(results.filter(({ state }) => state === 'failed')).toHaveLength(end.failed);
          const done = results.filter(({ state }) => state === 'done');
          const taken = done.filter(({ taskId }) => !sink.refuses.has(taskId ?? -1));
          expect([...sink.held].sort()).toEqual(taken.map(({ taskId }) => taskId).sort());
          // Refused ones are offered again by each run, and all of them are known at the end.
          expect(end.posted).toBe(taken.length);
          expect(end.rejected).toBe(done.length - taken.length);
          expect(await store.outbox(source.id, VERSION, 1000)).toEqual([]);
          for (const result of done) {
            expect(result.error === null).toBe(!sink.refuses.has(result.taskId ?? -1));
          }
          expect(sink.finishes > 0).toBe(taken.length > 0);
        },
      ),
      { numRuns: 60 },
    );
  }, 120_000);
});
