import { expect, test } from 'vitest';
import { ChosenEngine, type ChoiceSettings } from '../../../src/engine/client/chosenEngine.ts';
import type { Candidate, PageBackend } from '../../../src/engine/client/engineChoice.ts';
import { EngineError } from '../../../src/engine/errors.ts';
import { SerialQueue } from '../../../src/engine/serialQueue.ts';
import type { Engine } from '../../../src/engine/types.ts';

const image = new Blob(['image']);
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** One processor for two engines: what runs beside something else takes as long again. */
class Processor {
  running = 0;
  most = 0;
  readonly log: PageBackend[] = [];

  async run(backend: PageBackend, ms: number): Promise<number> {
    this.log.push(backend);
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    let shared = this.running > 1;
    for (let i = 0; i < 4; i += 1) {
      await wait(ms / 4);
      shared ||= this.running > 1;
    }
    this.running -= 1;
    return shared ? 2 * ms : ms;
  }
}

/** @param ms of an image; null: it never answers. */
function candidate(on: Processor, backend: PageBackend, ms: number | null, opens: Promise<unknown>) {
  const own = { opened: 0, disposed: 0, fails: false };
  const open = async (): Promise<Engine> => {
    own.opened += 1;
    await opens;
    const ends = new AbortController();
    const queue = new SerialQueue();
    return {
      info: { backend, device: 'none', why: '', warmUpMs: 0, modelVersion: 'm' },
      // As the real ones: an inference cannot be called back, and the next one waits for its end.
      detect: (_image, { signal } = {}) =>
        queue.add(
          async () => {
            const infer = ms === null ? await new Promise<never>(() => undefined) : await on.run(backend, ms);
            if (own.fails) throw new EngineError('inference-failed');
            return {
              ...{ width: 1, height: 1, detections: [] },
              timings: { decode: 0, preprocess: 0, infer, postprocess: 0, total: infer },
            };
          },
          AbortSignal.any([ends.signal, ...(signal === undefined ? [] : [signal])]),
        ),
      dispose() {
        ends.abort(new EngineError('disposed'));
        own.disposed += 1;
        return Promise.resolve();
      },
    };
  };
  return { own, candidate: { backend, open } satisfies Candidate };
}

/** The relay's engine takes 20 ms and is in use; the other one is open when `openRival` has been called. */
async function begin(rivalMs: number | null, settings: Partial<ChoiceSettings> = {}) {
  const processor = new Processor();
  let openRival = (): void => undefined;
  const later = new Promise<void>((resolve) => (openRival = resolve));
  const used = candidate(processor, 'relay', 20, Promise.resolve());
  const rival = candidate(processor, 'webgpu', rivalMs, later);
  const engine = await ChosenEngine.open({
    candidates: [rival.candidate, used.candidate],
    ...{ choice: 'auto', onInfo: () => undefined },
    ...settings,
  });
  expect(engine.info.backend).toBe('relay');
  const saidOfRival = () => engine.info.candidates?.find((each) => each.backend === 'webgpu')?.said;
  return { engine, processor, rival, used, openRival, saidOfRival };
}

/** As a run does: a few images on their way at all times. */
async function handIn(engine: Engine, count: number): Promise<number> {
  let begun = 0;
  let done = 0;
  const lane = async (): Promise<void> => {
    while (begun++ < count) {
      await engine.detect(image);
      done += 1;
    }
  };
  await Promise.all([lane(), lane(), lane()]);
  return done;
}

test('in the middle of a run, too, the engines are timed alone, and the faster one takes over', async () => {
  const { engine, processor, openRival } = await begin(12);
  const images = handIn(engine, 24);
  await wait(70);
  openRival();
  expect(await images).toBe(24);
  expect(processor.most).toBe(1);
  expect(engine.info.backend).toBe('webgpu');
  expect(engine.info.candidates?.map(({ ms }) => ms)).toEqual([12, 20]);
  await engine.dispose();
});

test('so they are when an image has been called back whose inference goes on', async () => {
  const { engine, processor, openRival } = await begin(12);
  await handIn(engine, 3);
  const abort = new AbortController();
  const aborted = engine.detect(image, { signal: abort.signal });
  await wait(5);
  openRival();
  await wait(0);
  abort.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  await expect.poll(() => engine.info.backend).toBe('webgpu');
  expect(processor.most).toBe(1);
  await engine.dispose();
});

test('an image that waits for a comparison can be called back at once; others are answered', async () => {
  const { engine, processor, openRival } = await begin(100);
  await handIn(engine, 3);
  openRival();
  await expect.poll(() => processor.log, { interval: 2 }).toContain('webgpu');
  const abort = new AbortController();
  const [aborted, other] = [engine.detect(image, { signal: abort.signal }), engine.detect(image)];
  await wait(0);
  abort.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  expect(processor.log.at(-1)).toBe('webgpu');
  await expect(other).resolves.toMatchObject({ width: 1 });
  expect(processor.log.slice(-4)).toEqual(['relay', 'webgpu', 'webgpu', 'relay']);
  await engine.dispose();
});

test('dispose waits for no comparison, and ends both engines and the images that wait', async () => {
  const { engine, processor, openRival, rival, used } = await begin(100);
  await handIn(engine, 3);
  openRival();
  await expect.poll(() => processor.log, { interval: 2 }).toContain('webgpu');
  const waiting = expect(engine.detect(image)).rejects.toMatchObject({ code: 'disposed' });
  await engine.dispose();
  await waiting;
  expect(processor.running).toBe(1);
  await wait(150);
  expect([rival.own.disposed, used.own.disposed, processor.log.at(-1)]).toEqual([1, 1, 'webgpu']);
});

test('one that does not answer is not waited for longer than the last resort waits', async () => {
  const { engine, openRival, rival, saidOfRival } = await begin(null, { patienceMs: 30 });
  await handIn(engine, 3);
  openRival();
  await wait(0);
  expect(await handIn(engine, 6)).toBe(6);
  expect([engine.info.backend, saidOfRival(), rival.own.disposed]).toEqual(['relay', 'Slower here.', 1]);
  await engine.dispose();
});

test('when the one in use fails before the comparison has begun, the other one takes over as it is', async () => {
  const { engine, openRival, rival, used } = await begin(12);
  await handIn(engine, 3);
  const images = [engine.detect(image), engine.detect(image)];
  used.own.fails = true;
  openRival();
  await expect(Promise.all(images)).resolves.toHaveLength(2);
  expect(engine.info.backend).toBe('webgpu');
  expect([rival.own.opened, rival.own.disposed]).toEqual([1, 0]);
  await engine.dispose();
});
