import { expect, it } from 'vitest';
import { ItemIndex } from '../../../src/app/state/itemIndex.ts';
import type { PartOf } from '../../../src/app/state/itemIndex.ts';
import type { Source, SourceItem } from '../../../src/prelabel/types.ts';

const itemOf = (task: number): SourceItem => ({
  key: `task:${task}`,
  name: `Task ${task}`,
  taskId: task,
  load: () => Promise.resolve(new Blob([String(task)])),
});

/** Tasks 1..count; `listed` are those that were given out. */
function project(count: number) {
  const listed: number[] = [];
  const asked: string[][] = [];
  const sourceOf = (wanted: (task: number) => boolean): Source => ({
    id: 'p',
    title: 'P',
    count: () => Promise.resolve(count),
    async *items() {
      for (let task = 1; task <= count; task++) {
        if (!wanted(task)) continue;
        listed.push(task);
        yield await Promise.resolve(itemOf(task));
      }
    },
  });
  const only: PartOf = (keys) => {
    asked.push([...keys]);
    return sourceOf((task) => keys.includes(`task:${task}`));
  };
  return { source: sourceOf(() => true), only, listed, asked };
}

it('asks for the tasks in view together and for no others, however far behind they are', async () => {
  const { source, only, listed, asked } = project(10_000);
  const index = new ItemIndex(source, only);
  const found = await Promise.all(['task:9000', 'task:9001', 'task:0'].map((key) => index.find(key)));
  expect(found.map((item) => item?.taskId)).toEqual([9000, 9001, undefined]);
  expect(await (await index.load('task:9001')).text()).toBe('9001');
  expect(listed).toEqual([9000, 9001]);
  expect(asked).toEqual([['task:9000', 'task:9001', 'task:0']]);
  // Single ones are not the first ones.
  expect((await index.first(3)).map(({ taskId }) => taskId)).toEqual([1, 2, 3]);
});

it('remembers those of some screens', async () => {
  const { source, only, asked } = project(2000);
  const index = new ItemIndex(source, only);
  for (let start = 1; start <= 2000; start += 200)
    await Promise.all(Array.from({ length: 200 }, (_, i) => index.find(`task:${start + i}`)));
  expect(asked).toHaveLength(10);
  await index.find('task:1999');
  expect(asked).toHaveLength(10);
  await index.find('task:1');
  expect(asked).toHaveLength(11);
});

it('a place that does not answer fails those that asked, and is asked again by the next', async () => {
  const { source, only } = project(10);
  let away = true;
  const index = new ItemIndex(source, (keys) => {
    if (away) throw new Error('Label Studio does not answer.');
    return only(keys);
  });
  await expect(index.load('task:3')).rejects.toThrow('does not answer');
  away = false;
  expect(await (await index.load('task:3')).text()).toBe('3');
  await expect(index.load('task:11')).rejects.toThrow('no longer in the source');
});

it('without such a question the source is walked, no further than needed', async () => {
  const { source, listed } = project(100);
  const index = new ItemIndex(source);
  expect((await index.find('task:5'))?.taskId).toBe(5);
  expect(listed).toHaveLength(5);
});
