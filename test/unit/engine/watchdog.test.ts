import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { imagesPerWorker, isWebKit } from '../../../src/engine/client/browserQuirks.ts';
import { inSeconds, usualLimits, Watchdog, watched } from '../../../src/engine/client/watchdog.ts';
import { WorkerWear } from '../../../src/engine/client/workerWear.ts';

describe('how long an image may take', () => {
  test('is half a minute at least, and follows the slowest image', () => {
    const watchdog = new Watchdog(usualLimits, 400);
    expect(watchdog.limitMs).toBe(30_000);
    for (const ms of [90, 2000, 100]) watchdog.note(ms);
    expect(watchdog.limitMs).toBe(40_000);
  });

  test('is generous where even the warm-up was slow', () => {
    expect(new Watchdog(usualLimits, 20_000).limitMs).toBe(100_000);
  });

  test('ends sooner when nobody waits any more', () => {
    const watchdog = new Watchdog(usualLimits, 700);
    expect(watchdog.graceMs).toBe(1400);
    watchdog.note(80);
    expect(watchdog.graceMs).toBe(1000);
    watchdog.note(3000);
    expect(watchdog.graceMs).toBe(6000);
  });

  test('is said in whole seconds', () =>
    expect([inSeconds(30_000), inSeconds(300)]).toEqual(['30 s', '1 s']));
});

describe('waiting', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('is over at the limit and not before', async () => {
    const late = vi.fn();
    let answer: ((words: string) => void) | undefined;
    const work = watched(10_000, new Promise<string>((resolve) => (answer = resolve)), late);
    await vi.advanceTimersByTimeAsync(9999);
    expect(late).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(late).toHaveBeenCalledTimes(1);
    answer?.('after all');
    expect(await work).toBe('after all');
  });

  test.each(['resolves', 'rejects'])('leaves no timer behind when the work %s', async (how) => {
    const late = vi.fn();
    const work = how === 'resolves' ? Promise.resolve(1) : Promise.reject(new Error('no'));
    await watched(10_000, work, late).catch(() => undefined);
    expect(vi.getTimerCount()).toBe(0);
    const slow = watched(10_000, new Promise((resolve) => setTimeout(resolve, 7000)), late);
    await vi.advanceTimersByTimeAsync(7000);
    await slow;
    expect(vi.getTimerCount()).toBe(0);
    expect(late).not.toHaveBeenCalled();
  });

  test('through a sleep of the machine: the image has half of its time left afterwards', () => {
    const late = vi.fn();
    // Woken, the browser calls what is overdue, and only then is the second half begun.
    const fired: (() => void)[] = [];
    vi.stubGlobal('setTimeout', (call: () => void) => fired.push(call));
    void watched(10_000, new Promise(() => undefined), late);
    fired[0]?.();
    expect(late).not.toHaveBeenCalled();
    expect(fired).toHaveLength(2);
    fired[1]?.();
    expect(late).toHaveBeenCalledTimes(1);
    vi.unstubAllGlobals();
  });
});

describe('a worker is worn out', () => {
  const never = () => Promise.reject(new Error('not asked'));
  const wear = (limits: Partial<ConstructorParameters<typeof WorkerWear>[0]>) =>
    new WorkerWear({ images: Infinity, grownBytes: Infinity, lookEvery: 1, ...limits });

  test('after its images, and anew after as many more', async () => {
    const worker = wear({ images: 3, lookEvery: 100 });
    const seen = async () => [
      await worker.imageDone(never),
      await worker.imageDone(never),
      await worker.imageDone(never),
    ];
    expect(await seen()).toEqual([false, false, true]);
    worker.startAnew();
    expect(await seen()).toEqual([false, false, true]);
  });

  test('by what its memory has grown since it was first looked at', async () => {
    const worker = wear({ grownBytes: 100, lookEvery: 2 });
    const after = async (bytes: number) => [
      await worker.imageDone(never).catch(() => 'asked'),
      await worker.imageDone(() => Promise.resolve(bytes)),
    ];
    expect(await after(5000)).toEqual([false, false]);
    expect(await after(5100)).toEqual([false, false]);
    expect(await after(5101)).toEqual([false, true]);
  });
});

describe('which browsers leak', () => {
  const apple = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
  test.each([
    [`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${apple} Version/18.3 Safari/605.1.15`, true, 200],
    [
      `Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) ${apple} CriOS/133.0 Mobile/15E148 Safari/604.1`,
      true,
      200,
    ],
    [
      `Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) ${apple} FxiOS/135.0 Mobile/15E148 Safari/605.1.15`,
      true,
      200,
    ],
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36',
      false,
      Infinity,
    ],
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/133.0.0.0 Safari/537.36',
      false,
      Infinity,
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36 Edg/133.0.0.0',
      false,
      Infinity,
    ],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0', false, 1000],
  ])('%s', (userAgent, webKit, images) => {
    expect([isWebKit(userAgent), imagesPerWorker(userAgent)]).toEqual([webKit, images]);
  });
});
