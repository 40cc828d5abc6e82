import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pipeline } from '../../../src/engine/pipeline.ts';

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
};
const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

interface Plan {
  readonly decodeTurns: number;
  readonly inferTurns: number;
  readonly fails: 'decode' | 'infer' | null;
  readonly abortAfter: number | null;
}

const plan = fc.record<Plan>({
  decodeTurns: fc.nat(6),
  inferTurns: fc.nat(6),
  fails: fc.constantFrom(null, null, 'decode', 'infer'),
  abortAfter: fc.option(fc.nat(40)),
});

test('no two inferences overlap, at most three images are held, none is lost, all pixels are freed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(plan, { maxLength: 15 }), async (plans) => {
      const held = new Set<number>();
      const order: number[] = [];
      let inferring = 0;
      let mostInferring = 0;
      let mostHeld = 0;
      const pipeline = new Pipeline<number, string>({
        prepare: async (image) => {
          const index = image.size;
          held.add(index);
          mostHeld = Math.max(mostHeld, held.size);
          await turns(plans[index]?.decodeTurns ?? 0);
          if (plans[index]?.fails === 'decode') {
            held.delete(index);
            throw new Error(`decode ${index}`);
          }
          return index;
        },
        infer: async (index) => {
          order.push(index);
          mostInferring = Math.max(mostInferring, ++inferring);
          await turns(plans[index]?.inferTurns ?? 0);
          inferring -= 1;
          held.delete(index);
          if (plans[index]?.fails === 'infer') throw new Error(`infer ${index}`);
          return `done ${index}`;
        },
        discard: (index) => held.delete(index),
      });
      const outcomes = plans.map(async ({ abortAfter }, index) => {
        const abort = new AbortController();
        if (abortAfter !== null) void turns(abortAfter).then(() => abort.abort(new Error(`abort ${index}`)));
        return pipeline
          .run(new Blob(['x'.repeat(index)]), abort.signal)
          .catch((error: unknown) => (error as Error).message);
      });
      const heard = await Promise.all(outcomes);
      await pipeline.idle();
      await pause();
      expect(mostInferring).toBeLessThanOrEqual(1);
      expect(mostHeld).toBeLessThanOrEqual(3);
      expect(order).toEqual([...order].sort((a, b) => a - b));
      expect([...held]).toEqual([]);
      for (const [index, { fails, abortAfter }] of plans.entries()) {
        const own = fails === null ? `done ${index}` : `${fails} ${index}`;
        expect(abortAfter === null ? [own] : [own, `abort ${index}`]).toContain(heard[index]);
      }
    }),
  );
});

test('the next image is decoded while one is inferred', async () => {
  const log: string[] = [];
  let finish: () => void = () => undefined;
  const pipeline = new Pipeline<number, number>({
    prepare: (image) => {
      log.push(`decode ${image.size}`);
      return Promise.resolve(image.size);
    },
    infer: (index) =>
      index > 0 ? Promise.resolve(index) : new Promise((resolve) => (finish = () => resolve(index))),
    discard: () => undefined,
  });
  const all = [0, 1, 2, 3].map((size) => pipeline.run(new Blob(['x'.repeat(size)])));
  await pause();
  expect(log).toEqual(['decode 0', 'decode 1', 'decode 2']);
  finish();
  await expect(Promise.all(all)).resolves.toEqual([0, 1, 2, 3]);
});

test('what waits for its turn is decoded when those before it are done, and given up it makes room', async () => {
  const log: string[] = [];
  const finish: (() => void)[] = [];
  const pipeline = new Pipeline<number, number>({
    prepare: async (image, turn) => {
      if (image.size % 2 === 1) await turn;
      log.push(`decode ${image.size}`);
      return image.size;
    },
    infer: (index) => new Promise((resolve) => finish.push(() => resolve(index))),
    discard: () => undefined,
  });
  const abort = new AbortController();
  const run = (size: number, signal?: AbortSignal) => pipeline.run(new Blob(['x'.repeat(size)]), signal);
  const [first, given, third] = [run(0), run(1, abort.signal), run(3)];
  const fourth = run(4);
  await pause();
  expect(log).toEqual(['decode 0']);
  abort.abort(new Error('given up'));
  await expect(given).rejects.toThrow('given up');
  await pause();
  // In the place of the one that was given up; the third waits for the first still.
  expect(log).toEqual(['decode 0', 'decode 4']);
  for (const image of [first, third, fourth]) {
    finish.shift()?.();
    await image;
    await pause();
  }
  expect(log).toEqual(['decode 0', 'decode 4', 'decode 3']);
});
