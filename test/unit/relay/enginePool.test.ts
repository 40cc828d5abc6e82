import { expect, test } from 'vitest';
import { EngineError } from '../../../src/engine/errors.ts';
import type { DetectResult, Engine } from '../../../src/engine/types.ts';
import { EnginePool } from '../../../src/relay/engine/enginePool.ts';
import type { CatalogModel } from '../../../src/relay/modelCatalog.ts';

const none = new AbortController().signal;
const image = new Blob(['image']);
const modelOf = (version: string) => ({ version }) as CatalogModel;

/** Engines that count what happens to them; `hold` keeps their images from being answered. */
function pool(hold: () => Promise<void> = () => Promise.resolve()) {
  const opened: string[] = [];
  const closed: string[] = [];
  const clock = { now: 0 };
  const open = (model: CatalogModel): Promise<Engine> => {
    const { version } = model;
    opened.push(version);
    let disposed = false;
    return Promise.resolve({
      info: { backend: 'native', device: 'none', why: '', warmUpMs: 0, modelVersion: version },
      async detect() {
        await hold();
        if (disposed) throw new Error(`${version} was taken away in mid-image`);
        return { width: 1, height: 1 } as DetectResult;
      },
      dispose() {
        disposed = true;
        closed.push(version);
        return Promise.resolve();
      },
    });
  };
  const engines = new EnginePool(open, () => clock.now);
  const use = (version: string) => engines.detect(modelOf(version), image, none);
  return { engines, use, opened, closed, clock };
}

test('three models in turn are loaded once each', async () => {
  const { use, opened } = pool();
  for (let round = 0; round < 5; round += 1) for (const version of ['a', 'b', 'c']) await use(version);
  expect(opened).toEqual(['a', 'b', 'c']);
});

test('two are kept when nobody uses them any more, the last ones', async () => {
  const { use, opened, closed, clock } = pool();
  for (const version of ['a', 'b', 'c']) await use(version);
  expect(closed).toEqual([]);
  clock.now += 60_000;
  await use('d');
  expect(closed).toEqual(['a', 'b']);
  await use('c');
  expect(opened).toEqual(['a', 'b', 'c', 'd']);
});

test('however many are asked for in turn, five are never kept', async () => {
  const { use, closed } = pool();
  for (const version of ['a', 'b', 'c', 'd', 'e', 'f']) await use(version);
  expect(closed).toEqual(['a', 'b']);
});

test('an engine with an image in it is not taken away', async () => {
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  let first = true;
  const { use, closed, clock } = pool(() => {
    if (!first) return Promise.resolve();
    first = false;
    return held;
  });
  const slow = use('a');
  for (const version of ['b', 'c', 'd', 'e']) {
    await use(version);
    clock.now += 60_000;
  }
  expect(closed).not.toContain('a');
  letGo();
  await expect(slow).resolves.toMatchObject({ width: 1 });
});

test('a model that could not be loaded is tried again, but not for every image', async () => {
  let tries = 0;
  let now = 0;
  const open = () => {
    tries += 1;
    return Promise.reject(new Error('broken'));
  };
  const engines = new EnginePool(open, () => now);
  const use = () =>
    engines.detect(modelOf('a'), image, none).catch((error: unknown) => (error as Error).message);
  expect([await use(), await use(), tries]).toEqual(['broken', 'broken', 1]);
  now = 31_000;
  expect([await use(), tries]).toEqual(['broken', 2]);
});

test('an image that does not arrive is an error, and the model is loaded all the same', async () => {
  const { engines, opened } = pool();
  const lost = engines.detect(modelOf('a'), Promise.reject(new Error('lost')), none);
  await expect(lost).rejects.toThrow('lost');
  expect(opened).toEqual(['a']);
});

test('an engine that has lost its device is given to nobody any more, and ended when its last image is', async () => {
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  let images = 0;
  const { engines, use, opened, closed } = pool(() => {
    images += 1;
    if (images === 1) return held;
    if (images === 2) throw new EngineError('device-lost', 'no adapter');
    return Promise.resolve();
  });
  const slow = use('a');
  await expect(use('a')).rejects.toMatchObject({ code: 'device-lost' });
  expect([opened, closed]).toEqual([['a'], []]);
  await use('a');
  expect([opened, closed]).toEqual([['a', 'a'], []]);
  letGo();
  await expect(slow).resolves.toMatchObject({ width: 1 });
  expect(closed).toEqual(['a']);
  await engines.info(modelOf('a'));
  expect(opened).toEqual(['a', 'a']);
});

test('an engine that failed on an image, and has a device still, is kept', async () => {
  let images = 0;
  const { use, opened, closed } = pool(() => {
    images += 1;
    if (images === 1) throw new EngineError('inference-failed');
    return Promise.resolve();
  });
  await expect(use('a')).rejects.toMatchObject({ code: 'inference-failed' });
  await use('a');
  expect([opened, closed]).toEqual([['a'], []]);
});
