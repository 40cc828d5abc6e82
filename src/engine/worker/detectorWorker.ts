import { detectFromHeads } from '../../detector/detect.ts';
import type { Manifest } from '../../detector/manifest.ts';
import { planResize } from '../../detector/resizePlan.ts';
import { asEngineError, EngineError } from '../errors.ts';
import { selfTest } from '../selfTest.ts';
import type { DetectResult } from '../types.ts';
import type { EngineWorker, LoadReport, LoadRequest, LoadStage } from '../workerProtocol.ts';
import { wasmHeapBytes, watchWasmMemory } from './wasmHeap.ts';
import type { WorkerBackend } from './workerBackend.ts';

/** One model on one backend in one worker; when it breaks, the page ends the worker and starts another. */
export class DetectorWorker implements EngineWorker {
  #loaded: { readonly backend: WorkerBackend; readonly manifest: Manifest } | undefined;

  async holdLifeLock(name: string): Promise<void> {
    await new Promise<void>((held, failed) => {
      const forever = new Promise<never>(() => undefined);
      navigator.locks
        .request(name, () => {
          held();
          return forever;
        })
        .catch(failed);
    });
  }

  async load(request: LoadRequest, onStage: (stage: LoadStage) => void): Promise<LoadReport> {
    if (this.#loaded !== undefined) throw new EngineError('model-invalid', 'this worker has one already');
    const { manifest } = request;
    watchWasmMemory();
    onStage('starting');
    let start = performance.now();
    const backend = await openBackend(request, async (opened) => {
      start = performance.now();
      onStage('self-test');
      await selfTest(manifest, (input, height, width) => opened.run(input, height, width));
    });
    onStage('warm-up');
    await warmUp(backend, manifest);
    this.#loaded = { backend, manifest };
    return { device: backend.device, warmUpMs: performance.now() - start };
  }

  heapBytes(): Promise<number> {
    return Promise.resolve(wasmHeapBytes());
  }

  async detect(image: ImageBitmap): Promise<DetectResult> {
    if (this.#loaded === undefined) throw new EngineError('disposed', 'no model is loaded');
    const { backend, manifest } = this.#loaded;
    try {
      const { width, height } = image;
      const plan = planResize(width, height, manifest.input);
      const { heads, preprocess, infer } = await backend.detect(image, plan);
      const start = performance.now();
      const detections = detectFromHeads(heads, plan, manifest);
      const postprocess = performance.now() - start;
      // The page decoded the image, and adds that time.
      const timings = { decode: 0, preprocess, infer, postprocess, total: preprocess + infer + postprocess };
      return { width, height, detections, timings };
    } catch (error) {
      throw asEngineError(error, 'inference-failed');
    } finally {
      image.close();
    }
  }
}

/** Each comes with a build of the runtime, of which one is fetched: the one for the GPU can wait inside of wasm, and is slower. */
async function openBackend(
  request: LoadRequest,
  selfTest: (backend: WorkerBackend) => Promise<void>,
): Promise<WorkerBackend> {
  if (request.backend === 'wasm') {
    const { WasmBackend } = await import('./wasmBackend.ts');
    return WasmBackend.open(request, selfTest);
  }
  const { WebgpuBackend } = await import('./webgpuBackend.ts');
  const backend = await WebgpuBackend.open(request);
  await selfTest(backend);
  return backend;
}

/** Shaders are compiled, and memory is allocated, at the first run of a shape: not at the user's expense. */
async function warmUp(backend: WorkerBackend, manifest: Manifest): Promise<void> {
  const { width, height } = manifest.input.resize;
  const image = await createImageBitmap(new ImageData(width, height));
  await backend.detect(image, planResize(width, height, manifest.input));
  image.close();
}
