import { describe, expect, test, vi } from 'vitest';
import type { Engine, EngineInfo } from '../../../src/engine/types.ts';
import { faultySpawn, tinyEngine } from '../../support/tinyModelEngine.ts';
import { drawPng } from '../../support/tinyModelImages.ts';

/** Emulated, every start of WebGPU compiles its shaders on a CPU that may be busy. */
vi.setConfig({ testTimeout: 240_000 });

async function scores(engine: Engine, width = 150, height = 90): Promise<readonly number[]> {
  return (await engine.detect(await drawPng(width, height))).detections.map(({ score }) => score);
}

function closeTo(expected: readonly number[]): readonly number[] {
  return expected.map((score) => expect.closeTo(score, 4) as number);
}

describe('WebGPU', () => {
  test('a backend that computes wrong numbers is found out, and the next is taken and says why', async () => {
    const { spawn } = faultySpawn({ wrongGolden: 'webgpu' });
    const engine = await tinyEngine({ spawn });
    expect(engine.info.backend).toBe('wasm');
    expect(engine.info.why).toMatch(/^WebGPU is not used: the model gave wrong numbers in its self-test/u);
    expect((await scores(engine)).length).toBeGreaterThan(3);
    await engine.dispose();
  });

  test('a lost device costs a restart and no image; lost again, wasm takes over', async () => {
    const sound = await tinyEngine({ backends: ['wasm'] });
    const expected = await scores(sound);
    await sound.dispose();
    const infos: EngineInfo[] = [];
    const workers = faultySpawn(
      { at: { 1: 'lose-device' } },
      { at: { 1: 'lose-device' } },
      { at: { 0: 'lose-device' } },
    );
    const engine = await tinyEngine({ spawn: workers.spawn, onInfo: (info) => infos.push(info) });
    expect(await scores(engine)).toEqual(closeTo(expected));
    expect(workers.count).toBe(1);
    expect(await scores(engine)).toEqual(closeTo(expected));
    expect([workers.count, engine.info.backend]).toEqual([2, 'webgpu']);
    expect(await scores(engine)).toEqual(closeTo(expected));
    expect([workers.count, engine.info.backend]).toEqual([4, 'wasm']);
    expect(engine.info.why).toMatch(/^WebGPU is not used: the graphics device was lost/u);
    expect(infos.map(({ backend }) => backend)).toEqual(['wasm']);
    await engine.dispose();
  });

  test('an emulated GPU is not taken where there is something faster', async () => {
    const engine = await tinyEngine({ allowSoftwareGpu: false });
    expect(engine.info.backend).toBe('wasm');
    expect(engine.info.why).toMatch(/only emulates a GPU/u);
    await engine.dispose();
  });
});

describe('wrong from the beginning', () => {
  test.each([
    ['gives zeros', { zeros: 'wasm' }, 'self-test', /is all zeros: the engine computed nothing/u],
    ['finds no memory', { atLoad: { wasm: 'no-memory' } }, 'out-of-memory', /^There was not enough memory/u],
  ] as const)(
    'wasm, which %s, is not used, and a sentence says why',
    async (_what, faults, code, message) => {
      const { spawn } = faultySpawn(faults);
      await expect(tinyEngine({ backends: ['wasm'], spawn })).rejects.toMatchObject({
        ...{ name: 'EngineError', code, message: expect.stringMatching(message) as string },
      });
    },
  );

  test('WebGPU, for which there is no memory, makes room for wasm', async () => {
    const { spawn } = faultySpawn({ atLoad: { webgpu: 'no-memory' } });
    const engine = await tinyEngine({ spawn });
    expect(engine.info.backend).toBe('wasm');
    expect(engine.info.why).toMatch(/^WebGPU is not used: there was not enough memory/u);
    expect((await scores(engine)).length).toBeGreaterThan(3);
    await engine.dispose();
  });
});

describe('the worker', () => {
  test.each(['die', 'die-late', 'throw', 'no-memory', 'zeros'] as const)(
    'after a fault (%s) it is started anew and no image is lost',
    async (fault) => {
      const workers = faultySpawn({ at: { 1: fault } });
      const engine = await tinyEngine({ backends: ['wasm'], spawn: workers.spawn });
      const expected = await scores(engine);
      const results = await Promise.all([1, 2, 3, 4].map(() => scores(engine)));
      expect(results).toEqual([expected, expected, expected, expected]);
      expect(workers.count).toBe(2);
      await engine.dispose();
    },
  );

  test('an image for which there is no memory is given up with a sentence, and the next one is served', async () => {
    const workers = faultySpawn({ at: { 0: 'no-memory' } }, { at: { 0: 'no-memory' } });
    const engine = await tinyEngine({ backends: ['wasm'], spawn: workers.spawn });
    await expect(scores(engine)).rejects.toMatchObject({ name: 'EngineError', code: 'out-of-memory' });
    expect((await scores(engine)).length).toBeGreaterThan(3);
    await engine.dispose();
  });

  test('an image that kills it twice is given up with a sentence, and the next one is served', async () => {
    const workers = faultySpawn({ at: { 0: 'die' } }, { at: { 0: 'die' } });
    const engine = await tinyEngine({ backends: ['wasm'], spawn: workers.spawn });
    await expect(scores(engine)).rejects.toMatchObject({ name: 'EngineError', code: 'worker-crashed' });
    expect((await scores(engine)).length).toBeGreaterThan(3);
    await engine.dispose();
  });
});

/** Takes the Web Lock for which a worker waits in mid-image when told to; `reached` resolves when it does. */
async function holdMidImage(): Promise<{ reached: () => Promise<void>; release: () => void }> {
  let release = (): void => undefined;
  await new Promise<void>((taken) => {
    void navigator.locks.request('mid-image', () => {
      taken();
      return new Promise<void>((resolve) => (release = resolve));
    });
  });
  const waiting = async () => (await navigator.locks.query()).pending?.map(({ name }) => name);
  return { reached: () => expect.poll(waiting).toContain('mid-image'), release: () => release() };
}

describe('abort', () => {
  test('in mid-image is immediate, and the engine goes on', async () => {
    const workers = faultySpawn({ at: { 0: 'wait' } });
    const engine = await tinyEngine({ backends: ['wasm'], spawn: workers.spawn });
    const abort = new AbortController();
    const reason = new Error('enough');
    const midImage = await holdMidImage();
    const aborted = engine.detect(await drawPng(800, 800), { signal: abort.signal });
    aborted.catch(() => undefined);
    await midImage.reached();
    abort.abort(reason);
    // Nobody waits for the image, which is still held.
    await expect(aborted).rejects.toBe(reason);
    midImage.release();
    expect((await scores(engine)).length).toBeGreaterThan(3);
    expect(workers.count).toBe(1);
    await engine.dispose();
  });

  test('of an inference that hangs ends its worker; the next image gets a new one', async () => {
    const workers = faultySpawn({ at: { 1: 'hang' } });
    const engine = await tinyEngine({ backends: ['wasm'], spawn: workers.spawn });
    const expected = await scores(engine);
    const hanging = engine.detect(await drawPng(150, 90), { signal: AbortSignal.timeout(300) });
    const next = scores(engine);
    await expect(hanging).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(await next).toEqual(expected);
    expect(workers.count).toBe(2);
    await engine.dispose();
  });

  test('of the loading ends it', async () => {
    const abort = new AbortController();
    const reason = new Error('another page');
    const loading = tinyEngine({
      backends: ['wasm'],
      signal: abort.signal,
      onProgress: ({ phase }) => phase === 'starting' && abort.abort(reason),
    });
    await expect(loading).rejects.toBe(reason);
  });

  test('by dispose reaches every image', async () => {
    const engine = await tinyEngine({ backends: ['wasm'], spawn: faultySpawn({ at: { 0: 'wait' } }).spawn });
    const midImage = await holdMidImage();
    const all = [1, 2, 3, 4, 5].map(() =>
      scores(engine).catch((error: unknown) => (error as { code: string }).code),
    );
    await midImage.reached();
    await engine.dispose();
    midImage.release();
    expect(await Promise.all(all)).toEqual(Array(5).fill('disposed'));
    await expect(scores(engine)).rejects.toMatchObject({ code: 'disposed' });
  });
});
