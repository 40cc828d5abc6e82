import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EngineError } from '../../../src/engine/errors.ts';
import type { GpuChoice } from '../../../src/engine/native/chooseSession.ts';
import { NativeEngine } from '../../../src/engine/native/nativeEngine.ts';
import { NativeSession } from '../../../src/engine/native/nativeSession.ts';
import type { NativeProvider, OpenSession } from '../../../src/engine/native/nativeSession.ts';
import type { ModelBytes } from '../../../src/engine/native/readModel.ts';
import type { EngineInfo } from '../../../src/engine/types.ts';
import { drawing, tinyModel } from '../../support/tinyModelNode.ts';

/** What becomes of a run; 'slow' works, at its leisure. */
type Fate = 'works' | 'lost' | 'not-finite' | 'slow';

/** The fates of a session's runs, its warming up included; from their end on it works. Null: it cannot be opened. */
type Script = readonly Fate[] | null;

/** A GPU and a CPU: real sessions of ONNX Runtime on this CPU, which fail as they are told. */
interface Machine {
  readonly open: OpenSession;
  readonly opened: NativeProvider[];
  /** Sessions that are open. */
  held: number;
  /** Runs at once, at most. */
  most: number;
}

let bytes: ModelBytes;
let image: Blob;
beforeAll(async () => {
  bytes = await tinyModel();
  image = new Blob([new Uint8Array(await drawing(90, 60).png().toBuffer())]);
});

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param opening milliseconds. */
function machine(scripts: readonly Script[], opening = 0): Machine {
  let running = 0;
  let next = 0;
  const made: Machine = {
    ...{ opened: [], held: 0, most: 0 },
    async open(provider) {
      const found = scripts[next++];
      const script = found === undefined ? [] : found;
      made.opened.push(provider);
      await wait(opening);
      if (script === null) throw new EngineError('backend-unavailable', 'no adapter');
      const session = await NativeSession.open(bytes.manifest, bytes.model, 'cpu', 1);
      made.held += 1;
      let runs = 0;
      let lost = false;
      return {
        provider,
        async run(...input) {
          const fate = script[runs++] ?? 'works';
          running += 1;
          made.most = Math.max(made.most, running);
          try {
            if (fate === 'slow') await wait(50);
            lost ||= fate === 'lost' && provider === 'webgpu';
            if (fate === 'lost') throw new EngineError('inference-failed', 'Device is lost');
            const heads = await session.run(...input);
            if (fate === 'not-finite') for (const { data } of Object.values(heads)) data.fill(NaN);
            return heads;
          } finally {
            running -= 1;
          }
        },
        async release() {
          made.held -= 1;
          await session.release();
          if (lost) throw new Error('the device is lost');
        },
      };
    },
  };
  return made;
}

const engines: NativeEngine[] = [];
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.dispose()));
});

async function engineOn({ open }: Machine, gpu: GpuChoice = 'auto') {
  const infos: EngineInfo[] = [];
  const { manifest } = bytes;
  const onInfo = (info: EngineInfo) => void infos.push(info);
  const engine = await NativeEngine.open({ manifest, open, gpu, gpuThere: true, onInfo });
  engines.push(engine);
  return { engine, infos };
}

/**
 * An engine that has begun on the GPU.
 *
 * @param first fates of images.
 * @param later sessions opened afterwards.
 */
async function onGpu(first: readonly Fate[], ...later: readonly Script[]) {
  // The GPU is warmed up and timed; the CPU that it would be compared with cannot be opened.
  const made = machine([['works', 'works', ...first], null, ...later], 20);
  const { engine, infos } = await engineOn(made);
  expect(engine.info.device).toBe('GPU');
  made.opened.length = 0;
  return { made, engine, infos };
}

let scores: readonly number[];
beforeAll(async () => {
  const sound = await engineOn(machine([]), false);
  scores = (await sound.engine.detect(image)).detections.map(({ score }) => score);
  expect(scores.length).toBeGreaterThan(3);
});

async function findsAll(engine: NativeEngine): Promise<void> {
  const { detections } = await engine.detect(image);
  expect(detections.map(({ score }) => score)).toEqual(scores);
}

describe('a GPU that fails under an image', () => {
  test.each(['lost', 'not-finite'] as const)(
    '(%s) is opened anew, and the image is not lost',
    async (fate) => {
      const { made, engine, infos } = await onGpu(['works', fate]);
      const { why } = engine.info;
      await findsAll(engine);
      await findsAll(engine);
      await findsAll(engine);
      expect(made.opened).toEqual(['webgpu']);
      expect([engine.info.device, engine.info.why, infos]).toEqual(['GPU', why, []]);
      expect(made.held).toBe(1);
    },
  );

  test('gets a second chance each time', async () => {
    const { made, engine } = await onGpu(['lost'], ['works', 'works', 'lost'], ['works', 'works', 'lost']);
    for (let i = 0; i < 5; i += 1) await findsAll(engine);
    expect(made.opened).toEqual(['webgpu', 'webgpu', 'webgpu']);
    expect(engine.info.device).toBe('GPU');
  });

  test.each<[string, Script, string]>([
    ['cannot be opened', null, 'the model could not be opened on the GPU: no adapter'],
    ['fails as it is warmed up', ['lost'], 'the model could not be opened on the GPU: Device is lost'],
    ['fails under the image again', ['works', 'lost'], 'Device is lost'],
  ])('and then %s makes room for the CPU, which stays, and that is said', async (_, again, reason) => {
    const { made, engine, infos } = await onGpu(['lost'], again);
    await findsAll(engine);
    await findsAll(engine);
    expect(made.opened).toEqual(['webgpu', 'cpu']);
    const { device, why, backend } = engine.info;
    expect([backend, device]).toEqual(['native', 'CPU']);
    expect(why).toBe(`The GPU is not used: it failed, and again when it was opened anew (${reason}).`);
    expect(infos).toEqual([engine.info]);
    expect(made.held).toBe(1);
  });

  test('with several images at once costs none of them, and nothing runs twice', async () => {
    const { made, engine } = await onGpu(['slow', 'lost'], ['slow', 'slow', 'lost'], ['slow', 'lost']);
    await Promise.all(Array.from({ length: 8 }, () => findsAll(engine)));
    expect(made.opened).toEqual(['webgpu', 'webgpu', 'cpu']);
    expect(made.most).toBe(1);
  });

  test('and leaves nothing to run on is told as such; the next image tries again', async () => {
    const { made, engine } = await onGpu(['lost'], null, null);
    await expect(engine.detect(image)).rejects.toMatchObject({
      code: 'device-lost',
      detail: 'the model could not be opened on the CPU: no adapter',
    });
    expect(made.held).toBe(0);
    await findsAll(engine);
    expect(made.opened).toEqual(['webgpu', 'cpu', 'cpu']);
  });

  test('is all there is where it alone was asked for', async () => {
    const made = machine([['works', 'lost'], null]);
    const { engine } = await engineOn(made, true);
    await expect(engine.detect(image)).rejects.toMatchObject({ code: 'device-lost' });
    await findsAll(engine);
    expect(made.opened).toEqual(['webgpu', 'webgpu', 'webgpu']);
  });
});

test('a CPU that fails is not opened anew', async () => {
  const made = machine([['works', 'lost']]);
  const { engine } = await engineOn(made, false);
  await expect(engine.detect(image)).rejects.toMatchObject({ code: 'inference-failed' });
  await findsAll(engine);
  expect(made.opened).toEqual(['cpu']);
});

test('dispose while the GPU is opened anew leaves nothing open, and opens nothing more', async () => {
  for (const again of [[], null]) {
    const { made, engine } = await onGpu(['lost'], again);
    const images = [engine.detect(image), engine.detect(image)];
    const ends = Promise.allSettled(images);
    await expect.poll(() => made.opened, { interval: 2 }).toEqual(['webgpu']);
    await engine.dispose();
    expect(made.held).toBe(0);
    for (const end of await ends) expect(end).toMatchObject({ reason: { code: 'disposed' } });
    expect(made.opened).toEqual(['webgpu']);
  }
});

test('an abort while the GPU is opened anew is heard at once, and the engine goes on', async () => {
  const { made, engine } = await onGpu(['lost']);
  const abort = new AbortController();
  const aborted = engine.detect(image, { signal: abort.signal });
  await expect.poll(() => made.opened, { interval: 2 }).toEqual(['webgpu']);
  abort.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  await findsAll(engine);
  expect([engine.info.device, made.opened, made.most]).toEqual(['GPU', ['webgpu'], 1]);
});

describe('the choice between GPU and CPU', () => {
  test('a CPU that cannot be opened throws no good GPU away', async () => {
    const made = machine([[], null]);
    const { engine } = await engineOn(made);
    expect(engine.info).toMatchObject({
      device: 'GPU',
      why: 'The GPU passed the self-test, and the CPU could not be used (no adapter).',
    });
    expect(made.held).toBe(1);
  });

  test('the slower one is let go', async () => {
    const made = machine([['works', 'slow']]);
    const { engine } = await engineOn(made);
    expect(engine.info.why).toMatch(/^The CPU takes \d+ ms where the GPU takes \d+ ms\.$/u);
    expect([engine.info.device, made.held]).toEqual(['CPU', 1]);
  });

  test.each<[string, readonly Script[], string]>([
    ['warmed up on the GPU', [['lost'], []], 'CPU'],
    ['timed on the GPU', [['works', 'lost'], []], 'CPU'],
    ['warmed up on the CPU', [[], ['lost']], 'GPU'],
    ['timed on the CPU', [[], ['works', 'lost']], 'GPU'],
  ])('a session that fails as it is %s is let go, and the other one used', async (_, scripts, device) => {
    const made = machine(scripts);
    const { engine } = await engineOn(made);
    expect([engine.info.device, made.held]).toEqual([device, 1]);
    await findsAll(engine);
  });

  test('a session that is all there is, and fails as it is warmed up, is let go', async () => {
    for (const gpu of [true, false]) {
      const made = machine([['lost']]);
      await expect(engineOn(made, gpu)).rejects.toMatchObject({ code: 'inference-failed' });
      expect(made.held).toBe(0);
    }
  });
});
