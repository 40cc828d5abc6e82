import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitTasks, type SplitTask } from '../../../../../src/relay/training/collect/split.ts';

const project = 'http://ls.example:8080/5';
const task = (id: number, boxes = 1, sha256 = `image ${id}`): SplitTask => ({ id, boxes, sha256 });
const tasks = (count: number) => Array.from({ length: count }, (_, index) => task(index + 1));
const sorted = (ids: readonly number[]) => [...ids].sort((a, b) => a - b);

const someTasks = fc
  .uniqueArray(fc.tuple(fc.nat(5000), fc.nat(2), fc.nat(30)), { selector: ([id]) => id, maxLength: 60 })
  .map((rows) => rows.map(([id, boxes, image]) => task(id + 1, boxes, `image ${image}`)));
/** Each with an image of its own. */
const differentTasks = (minLength: number) =>
  fc.uniqueArray(fc.nat(5000), { minLength, maxLength: 80 }).map((ids) => ids.map((id) => task(id + 1)));

test('about a fifth is for validation, and always the same', () => {
  const { train, val } = splitTasks(tasks(2000), project);
  expect(val.length).toBeGreaterThan(340);
  expect(val.length).toBeLessThan(460);
  expect(splitTasks(tasks(2000).reverse(), project)).toEqual({ train, val });
  expect(splitTasks(tasks(2000), 'http://ls.example:8080/6').val).not.toEqual(val);
});

test('the hash is the one that every version of the product uses', () => {
  expect(splitTasks(tasks(20), project).val).toEqual([5, 8, 13, 17, 19]);
});

test('every task is in one part', () => {
  fc.assert(
    fc.property(someTasks, (some) => {
      const { train, val } = splitTasks(some, project);
      expect(sorted([...train, ...val])).toEqual(sorted(some.map(({ id }) => id)));
    }),
  );
});

test('equal images are in the same part', () => {
  fc.assert(
    fc.property(someTasks, (some) => {
      const val = new Set(splitTasks(some, project).val);
      const parts = new Map<string, boolean>();
      for (const { id, sha256 } of some) {
        expect(parts.get(sha256) ?? val.has(id)).toBe(val.has(id));
        parts.set(sha256, val.has(id));
      }
    }),
  );
});

test('more tasks move none from one part to the other', () => {
  // With 40 images, the chance that the fall-back for empty parts decides is below one in 5000.
  fc.assert(
    fc.property(differentTasks(60), fc.nat(20), (some, added) => {
      const before = splitTasks(some.slice(added), project);
      const after = splitTasks(some, project);
      expect(after.train).toEqual(expect.arrayContaining([...before.train]));
      expect(after.val).toEqual(expect.arrayContaining([...before.val]));
    }),
    { numRuns: 50, seed: 1 },
  );
});

describe('small projects', () => {
  test('both parts have a box, if there are 4 tasks and 2 different images with boxes', () => {
    fc.assert(
      fc.property(someTasks, (some) => {
        const { train, val } = splitTasks(some, project);
        const boxesIn = (ids: readonly number[]) =>
          some.filter(({ id, boxes }) => ids.includes(id) && boxes > 0).length;
        const images = new Set(some.filter(({ boxes }) => boxes > 0).map(({ sha256 }) => sha256));
        if (some.length >= 4 && images.size >= 2) {
          expect([boxesIn(train) > 0, boxesIn(val) > 0]).toEqual([true, true]);
        } else expect(val).toEqual([]);
      }),
    );
  });

  test('fewer than 4 tasks have no validation', () => {
    expect(splitTasks(tasks(3), project)).toEqual({ train: [1, 2, 3], val: [] });
  });

  test('the task with the lowest hash is measured on where the hash gives none', () => {
    const none = tasks(7).filter(({ id }) => id !== 5);
    expect(splitTasks(none, project).val).toEqual([6]);
  });
});
