/**
 * `npm run bench:memory`: memory over 2,000 images, which must not grow. The native engine: resident memory of its
 * process. The page's engines in headless Chromium: JavaScript heap after a collection (page and worker, with their
 * array buffers), resident memory of all its processes, and the WebGPU buffers that live. A GPU that the CPU emulates
 * takes a second an image, so it gets 100 of them; FORELABEL_MEMORY_IMAGES and FORELABEL_MEMORY_ENGINES change that.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { chromium, type Browser, type CDPSession, type Page, type Worker } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import type { EnginePage } from '../../src/cli/page/contract.ts';
import { appFolder } from '../../src/relay/home.ts';
import { createLog } from '../../src/relay/log.ts';
import { resolveModel } from '../../src/relay/modelCatalog.ts';
import { serveRelay } from '../../src/relay/server.ts';
import { chromiumFlags, chromiumPath } from '../support/chromium.ts';
import { readSamples } from '../support/samples.ts';
import { tinyModelDir } from '../support/tinyModelNode.ts';

const wanted = (process.env.FORELABEL_MEMORY_ENGINES ?? 'native,wasm,webgpu').split(',');
const images = (usual: number) => Number(process.env.FORELABEL_MEMORY_IMAGES ?? usual);
/** Measured after each such part of the run. The first ones fill caches and pools. */
const PARTS = 20;
const FIRST = 4;
const MB = 2 ** 20;
/** As many as the pipeline holds. */
const AHEAD = 3;

interface Measure {
  /** Bytes of resident memory, of all processes where there are several. */
  readonly resident: number;
  /** Bytes of JavaScript's heaps after a collection, with what they hold outside of them. */
  readonly heap: number;
  /** WebGPU buffers that have not been destroyed. */
  readonly gpuBuffers: number;
}

const rows: Record<string, string | number>[] = [];
afterAll(async () => {
  console.table(rows);
  await mkdir('bench-results', { recursive: true });
  await writeFile(join('bench-results', 'memory.json'), `${JSON.stringify(rows, null, 2)}\n`);
});

/** Compares the means of the first parts after the warm-up and of the last ones. */
function judge(engine: string, count: number, measures: readonly Measure[]): void {
  const third = Math.floor((measures.length - FIRST) / 3);
  const early = measures.slice(FIRST, FIRST + third);
  const late = measures.slice(-third);
  const of = (some: readonly Measure[], what: keyof Measure) =>
    some.reduce((sum, each) => sum + each[what], 0) / some.length;
  const inMb = (what: keyof Measure) =>
    [early, late].map((some) => Math.round((of(some, what) / MB) * 10) / 10);
  const [residentEarly = 0, residentLate = 0] = inMb('resident');
  const [heapEarly = 0, heapLate = 0] = inMb('heap');
  const buffers = [of(early, 'gpuBuffers'), of(late, 'gpuBuffers')].map(Math.round);
  rows.push({
    engine,
    images: count,
    'resident MB early': residentEarly,
    'resident MB late': residentLate,
    'heap MB early': heapEarly,
    'heap MB late': heapLate,
    'GPU buffers': buffers.join(' -> '),
  });
  // A leak of one input tensor an image would be 60 KB; of one box list, a few hundred bytes.
  expect(heapLate - heapEarly, 'MB of heap').toBeLessThan(Math.max(1, count / 1000));
  expect(residentLate / residentEarly, 'share of resident memory').toBeLessThan(1.1);
  expect(buffers[1], 'WebGPU buffers').toBeLessThanOrEqual(buffers[0] ?? 0);
}

/** Megabytes that stay: anonymous memory, as Linux counts it; elsewhere unknown. */
async function residentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/RssAnon:\s+(\d+) kB/u.exec(status)?.[1] ?? 0) * 1024;
}

describe('memory stays flat', () => {
  it.skipIf(!wanted.includes('native'))(
    'native',
    async () => {
      const count = images(2000);
      const program = join(import.meta.dirname, 'nativeMemory.mjs');
      const { stdout } = await execa(process.execPath, [
        '--expose-gc',
        program,
        String(count),
        String(PARTS),
      ]);
      const measures = stdout.split('\n').map((line) => JSON.parse(line) as Measure);
      judge('native', count, measures);
    },
    1_800_000,
  );

  it.each(
    (['wasm', 'webgpu'] as const)
      .filter((backend) => wanted.includes(backend))
      .map((backend) => ({ backend, count: images(backend === 'wasm' ? 2000 : 100) })),
  )(
    '$backend, $count images',
    async ({ backend, count }) => {
      const model = await resolveModel(tinyModelDir, []);
      const { manifest, version } = model;
      const relay = await serveRelay({
        appDir: appFolder,
        models: () => Promise.resolve({ models: [model], problems: [] }),
        host: '127.0.0.1',
        port: 0,
        log: createLog(),
      });
      const browser = await chromium.launch({
        executablePath: chromiumPath(),
        args: [...chromiumFlags, '--js-flags=--expose-gc'],
      });
      try {
        const page = await browser.newPage();
        // The first is the engine's; those that come later are ONNX Runtime's threads, which answer nobody.
        const engineWorker = page.waitForEvent('worker');
        void engineWorker.then((worker) => worker.evaluate(countGpuBuffers));
        await page.goto(`${relay.url}/engine.html`);
        await page.waitForFunction(() => 'forelabelEngine' in globalThis);
        const opened = await page.evaluate(
          (request) => (globalThis as unknown as Scope).forelabelEngine.open(request),
          { manifest, modelUrl: `/models/${version}/`, backend },
        );
        expect(opened).toMatchObject({ ok: true, value: { backend } });
        const samples = (await readSamples()).map(({ file }) => `/samples/${file}`);
        const measures: Measure[] = [];
        for (let part = 0; part < PARTS; part++) {
          const span = {
            samples,
            ahead: AHEAD,
            from: (part * count) / PARTS,
            to: ((part + 1) * count) / PARTS,
          };
          expect(await page.evaluate(detectSpan, span)).toBe(0);
          measures.push(await measureBrowser(browser, page, await engineWorker));
        }
        if (backend === 'webgpu') expect(measures.at(-1)?.gpuBuffers).toBeGreaterThan(0);
        judge(backend, count, measures);
      } finally {
        await browser.close();
        await relay.close();
      }
    },
    3_600_000,
  );
});

interface Scope {
  readonly forelabelEngine: EnginePage;
  readonly gc: () => void;
  readonly livingGpuBuffers?: () => number;
}

async function measureBrowser(browser: Browser, page: Page, worker: Worker): Promise<Measure> {
  const gpuBuffers = await worker.evaluate(() => {
    const scope = globalThis as unknown as Scope;
    scope.gc();
    return scope.livingGpuBuffers?.() ?? 0;
  });
  const session = await page.context().newCDPSession(page);
  const heap = (await heapOf((method) => session.send(method))) + (await heapOf(await workerOf(session)));
  await session.detach();
  const whole = await browser.newBrowserCDPSession();
  const { processInfo } = await whole.send('SystemInfo.getProcessInfo');
  await whole.detach();
  const each = await Promise.all(processInfo.map(({ id }) => residentOf(id)));
  return { heap, gpuBuffers, resident: each.reduce((sum, bytes) => sum + bytes, 0) };
}

type Ask = (method: 'HeapProfiler.collectGarbage' | 'Runtime.getHeapUsage') => Promise<unknown>;

/** After a collection: JavaScript's own heap, and its array buffers. */
async function heapOf(ask: Ask): Promise<number> {
  await ask('HeapProfiler.collectGarbage');
  const usage = (await ask('Runtime.getHeapUsage')) as { usedSize: number; backingStorageSize: number };
  return usage.usedSize + usage.backingStorageSize;
}

/** The engine's worker over the page's session: Playwright has no session for workers. */
async function workerOf(session: CDPSession): Promise<Ask> {
  const attached = new Promise<string>((resolve) => {
    session.once('Target.attachedToTarget', ({ sessionId }) => resolve(sessionId));
  });
  await session.send('Target.setAutoAttach', {
    autoAttach: true,
    waitForDebuggerOnStart: false,
    flatten: false,
  });
  const sessionId = await attached;
  let last = 0;
  return (method) => {
    const id = ++last;
    return new Promise((resolve, reject) => {
      // Events of the worker come the same way.
      const take = (received: { readonly sessionId: string; readonly message: string }): void => {
        const answer = JSON.parse(received.message) as { id?: number; result?: unknown; error?: unknown };
        if (received.sessionId !== sessionId || answer.id !== id) return;
        session.off('Target.receivedMessageFromTarget', take);
        if (answer.error === undefined) resolve(answer.result);
        else reject(new Error(JSON.stringify(answer.error)));
      };
      session.on('Target.receivedMessageFromTarget', take);
      const message = JSON.stringify({ id, method });
      session.send('Target.sendMessageToTarget', { sessionId, message }).catch(reject);
    });
  };
}

/** In the page: gives the number of images that failed. */
async function detectSpan(span: {
  readonly samples: readonly string[];
  readonly ahead: number;
  readonly from: number;
  readonly to: number;
}): Promise<number> {
  let next = span.from;
  let failed = 0;
  const lane = async (): Promise<void> => {
    while (next < span.to) {
      const id = next++;
      const url = span.samples[id % span.samples.length] ?? '';
      const answer = await (globalThis as unknown as Scope).forelabelEngine.detect({ id, url });
      if (!answer.ok) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: span.ahead }, lane));
  return failed;
}

/** In the worker, before its model is loaded: buffers neither destroyed nor collected. */
function countGpuBuffers(): void {
  if (!('GPUDevice' in globalThis)) return;
  const living = new Set<WeakRef<GPUBuffer>>();
  const devices = GPUDevice.prototype;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its device below
  const create = devices.createBuffer;
  devices.createBuffer = function (this: GPUDevice, descriptor) {
    const buffer = create.call(this, descriptor);
    const reference = new WeakRef(buffer);
    living.add(reference);
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      living.delete(reference);
      destroy();
      return undefined;
    };
    return buffer;
  };
  Object.assign(globalThis, {
    livingGpuBuffers: () => [...living].filter((reference) => reference.deref() !== undefined).length,
  });
}
