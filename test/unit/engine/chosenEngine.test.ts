import { expect, test } from 'vitest';
import { ChosenEngine, type ChoiceSettings } from '../../../src/engine/client/chosenEngine.ts';
import type { Candidate, PageBackend } from '../../../src/engine/client/engineChoice.ts';
import { EngineError } from '../../../src/engine/errors.ts';
import type { DetectResult, Engine, EngineInfo } from '../../../src/engine/types.ts';

/** An engine that takes a number of milliseconds by its own account, and fails when it is told to. */
interface Fake {
  ms: number;
  transfer?: number;
  /** Until it is open, in real milliseconds. */
  opens?: number;
  fails?: EngineError | null;
  broken?: EngineError | null;
  opened: number;
  disposed: number;
  images: number;
}

type Fakes = Record<PageBackend, Fake>;
const fake = (ms: number, more: Partial<Fake> = {}): Fake => ({
  ms,
  opened: 0,
  disposed: 0,
  images: 0,
  ...more,
});
const never = new EngineError('backend-unavailable', 'the browser offers no GPU');
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const image = new Blob(['image']);

function candidates(fakes: Fakes): Candidate[] {
  return (['webgpu', 'relay', 'wasm'] as const).map((backend) => ({
    backend,
    async open() {
      const own = fakes[backend];
      own.opened += 1;
      await wait(own.opens ?? 0);
      if (own.broken) throw own.broken;
      const ends = new AbortController();
      const engine: Engine = {
        info: { backend, device: 'none', why: '', warmUpMs: 0, modelVersion: 'm' },
        async detect(_image, { signal } = {}) {
          await wait(1);
          signal?.throwIfAborted();
          ends.signal.throwIfAborted();
          if (own.fails) throw own.fails;
          own.images += 1;
          return resultOf(own);
        },
        dispose() {
          ends.abort(new EngineError('disposed'));
          own.disposed += 1;
          return Promise.resolve();
        },
      };
      return engine;
    },
  }));
}

function resultOf({ ms, transfer }: Fake): DetectResult {
  return {
    ...{ width: 1, height: 1, detections: [] },
    timings: {
      ...{ decode: 0, preprocess: 0, infer: ms, postprocess: 0 },
      ...(transfer !== undefined && { transfer }),
      total: ms + (transfer ?? 0),
    },
  };
}

async function open(fakes: Fakes, settings: Partial<ChoiceSettings> = {}) {
  const infos: EngineInfo[] = [];
  const engine = await ChosenEngine.open({
    ...{ candidates: candidates(fakes), choice: 'auto', onInfo: (info) => infos.push(info) },
    ...settings,
  });
  const detect = async (times = 1) => {
    for (let i = 0; i < times; i += 1) await engine.detect(image);
  };
  const saidOf = (backend: PageBackend) =>
    engine.info.candidates?.find((each) => each.backend === backend)?.said;
  return { engine, infos, detect, saidOf };
}

test('the first that is ready is used; the faster one takes over when it is there and measured', async () => {
  const fakes = { webgpu: fake(5, { opens: 30 }), relay: fake(20), wasm: fake(100) };
  const { engine, detect, infos } = await open(fakes);
  expect(engine.info.backend).toBe('relay');
  expect(engine.info.why).toMatch(/^The relay was ready first; what may be faster is being tried\./u);
  await detect(3);
  await expect.poll(() => engine.info.backend).toBe('webgpu');
  expect(infos.at(-1)?.backend).toBe('webgpu');
  await detect(3);
  expect(engine.info.why).toBe('WebGPU takes 5 ms for an image, the relay 20 ms.');
  expect(engine.info.candidates?.map(({ ms }) => ms)).toEqual([5, 20, null]);
  expect([fakes.relay.disposed, fakes.wasm.opened]).toEqual([1, 0]);
  await engine.dispose();
});

test('a relay with a GPU beats a weak one in the page', async () => {
  const fakes = { webgpu: fake(60), relay: fake(8, { opens: 20 }), wasm: fake(100) };
  const { engine, detect } = await open(fakes);
  expect(engine.info.backend).toBe('webgpu');
  await detect(4);
  await expect.poll(() => engine.info.backend).toBe('relay');
  await engine.dispose();
});

test('one that is not clearly faster changes nothing, and is let go', async () => {
  const fakes = { webgpu: fake(18, { opens: 20 }), relay: fake(20), wasm: fake(100) };
  const { engine, detect, saidOf } = await open(fakes);
  await detect(3);
  await expect.poll(() => saidOf('webgpu')).toBe('Slower here.');
  expect([engine.info.backend, fakes.webgpu.disposed]).toEqual(['relay', 1]);
  await engine.dispose();
});

test('what does not work says why; wasm is the last resort', async () => {
  const relay = fake(1, { broken: new EngineError('relay-failed', 'it does not answer') });
  const fakes = { webgpu: fake(1, { broken: never }), relay, wasm: fake(100) };
  const { engine, saidOf } = await open(fakes);
  expect(engine.info.backend).toBe('wasm');
  expect(engine.info.why).toBe(
    'WebGPU is not used: the browser offers no GPU. ' + 'The relay is not used: it does not answer.',
  );
  expect(saidOf('webgpu')).toBe('Not used: the browser offers no GPU.');
  expect(saidOf('wasm')).toBe('In use.');
  await engine.dispose();
});

test('wasm is not waited for, unless the others take too long', async () => {
  const fakes = { webgpu: fake(1, { broken: never }), relay: fake(10, { opens: 200 }), wasm: fake(100) };
  const { engine, detect } = await open(fakes, { patienceMs: 20 });
  expect(engine.info.backend).toBe('wasm');
  await detect(2);
  await wait(250);
  await detect(1);
  await expect.poll(() => engine.info.backend).toBe('relay');
  await engine.dispose();
});

test('a relay that is far away is compared with wasm, one that is near is not', async () => {
  const far = { webgpu: fake(1, { broken: never }), relay: fake(10, { transfer: 300 }), wasm: fake(50) };
  const { engine, detect } = await open(far);
  await detect(4);
  await expect.poll(() => engine.info.backend).toBe('wasm');
  await engine.dispose();
  const near = { webgpu: fake(1, { broken: never }), relay: fake(10, { transfer: 12 }), wasm: fake(5) };
  const other = await open(near);
  await other.detect(4);
  expect([other.engine.info.backend, near.wasm.opened]).toEqual(['relay', 0]);
  await other.engine.dispose();
  const here = { webgpu: fake(1, { broken: never }), relay: fake(10, { transfer: 300 }), wasm: fake(5) };
  const third = await open(here, { relayIsHere: true });
  await third.detect(4);
  expect([third.engine.info.backend, here.wasm.opened]).toEqual(['relay', 0]);
  await third.engine.dispose();
});

test('an engine that fails under images makes room, and no image is lost', async () => {
  const fakes = { webgpu: fake(1, { broken: never }), relay: fake(10), wasm: fake(50) };
  const { engine, detect } = await open(fakes, { comebackMs: 60_000 });
  await detect(2);
  fakes.relay.fails = new EngineError('relay-failed', 'it does not answer');
  const found = await Promise.all(Array.from({ length: 9 }, () => engine.detect(image)));
  expect(found).toHaveLength(9);
  expect([engine.info.backend, fakes.wasm.opened, fakes.wasm.images]).toEqual(['wasm', 1, 9]);
  expect(engine.info.why).toMatch(/The relay is not used: .*it does not answer/u);
  await engine.dispose();
});

test('a relay that went away is used again when it is back', async () => {
  const fakes = { webgpu: fake(1, { broken: never }), relay: fake(10), wasm: fake(50) };
  const { engine, detect } = await open(fakes, { comebackMs: 20 });
  const gone = new EngineError('relay-failed', 'it does not answer');
  Object.assign(fakes.relay, { fails: gone, broken: gone });
  await detect(3);
  expect(engine.info.backend).toBe('wasm');
  await wait(50);
  expect(engine.info.backend).toBe('wasm');
  Object.assign(fakes.relay, { fails: null, broken: null });
  await expect.poll(() => engine.info.backend).toBe('relay');
  await engine.dispose();
});

test('what is wrong with an image is its own, and changes nothing', async () => {
  const fakes = { webgpu: fake(1, { broken: never }), relay: fake(10), wasm: fake(50) };
  const { engine } = await open(fakes);
  fakes.relay.fails = new EngineError('image-truncated');
  await expect(engine.detect(image)).rejects.toMatchObject({ code: 'image-truncated' });
  expect([engine.info.backend, fakes.wasm.opened]).toEqual(['relay', 0]);
  await engine.dispose();
});

test('the failure of the only engine left is told, and the next image is tried again', async () => {
  const fakes = { webgpu: fake(1, { broken: never }), relay: fake(1, { broken: never }), wasm: fake(50) };
  const { engine, detect } = await open(fakes);
  fakes.wasm.fails = new EngineError('out-of-memory');
  await expect(engine.detect(image)).rejects.toMatchObject({ code: 'out-of-memory' });
  fakes.wasm.fails = null;
  await detect();
  await engine.dispose();
});

test('the chosen one is used though another is faster, and nothing else is started', async () => {
  const fakes = { webgpu: fake(1), relay: fake(10), wasm: fake(100) };
  const { engine, detect } = await open(fakes, { choice: 'wasm' });
  await detect(4);
  expect([engine.info.backend, engine.info.why]).toEqual(['wasm', 'The CPU (wasm) was chosen.']);
  expect([fakes.webgpu.opened, fakes.relay.opened]).toEqual([0, 0]);
  await engine.dispose();
});

test('a chosen one that does not work gives way, and that is said', async () => {
  const fakes = { webgpu: fake(1, { broken: never }), relay: fake(10), wasm: fake(100) };
  const { engine } = await open(fakes, { choice: 'webgpu' });
  expect(engine.info.backend).toBe('relay');
  expect(engine.info.why).toBe('WebGPU was chosen, but is not used: the browser offers no GPU.');
  await engine.dispose();
});

test('when none works, the last failure is thrown', async () => {
  const last = new EngineError('model-download', 'model.onnx');
  const fakes = {
    ...{ webgpu: fake(1, { broken: never }), relay: fake(1, { broken: never }) },
    wasm: fake(1, { broken: last }),
  };
  await expect(open(fakes)).rejects.toBe(last);
});

test('abort is immediate and leaves the engine usable; of the loading, it ends what was started', async () => {
  const fakes = { webgpu: fake(1, { broken: never }), relay: fake(10), wasm: fake(100) };
  const { engine, detect } = await open(fakes);
  const reason = new Error('enough');
  const abort = new AbortController();
  const aborted = engine.detect(image, { signal: abort.signal });
  abort.abort(reason);
  await expect(aborted).rejects.toBe(reason);
  await detect();
  await engine.dispose();
  await expect(engine.detect(image)).rejects.toMatchObject({ code: 'disposed' });
  const slow = { webgpu: fake(1, { opens: 30 }), relay: fake(1, { opens: 30 }), wasm: fake(1) };
  const loading = ChosenEngine.open(
    { candidates: candidates(slow), choice: 'auto', onInfo: () => undefined },
    AbortSignal.timeout(10),
  );
  await expect(loading).rejects.toMatchObject({ name: 'TimeoutError' });
  await expect.poll(() => [slow.webgpu.disposed, slow.relay.disposed]).toEqual([1, 1]);
});
