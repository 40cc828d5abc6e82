/** The engine's worker, made to fail on order; its name is the order, as JSON. */
import { expose } from 'comlink';
import { InferenceSession as OnCpu } from 'onnxruntime-web/wasm';
import { InferenceSession as OnGpu, type InferenceSession } from 'onnxruntime-web/webgpu';
import { registerErrorTransfer } from '../../../src/engine/errorTransfer.ts';
import type { DetectResult } from '../../../src/engine/types.ts';
import { DetectorWorker } from '../../../src/engine/worker/detectorWorker.ts';
import type { LoadReport, LoadRequest, LoadStage } from '../../../src/engine/workerProtocol.ts';

export type Fault =
  | 'lose-device' // before the inference
  | 'lose-device-late' // in the middle of it
  | 'gpu-error' // a command that the GPU refuses, of which no promise hears
  | 'die' // without a word, before the inference
  | 'die-late' // in the middle of it
  | 'throw' // outside any call, and no answer
  | 'hang' // no answer, and nothing to do
  | 'block' // no answer for being busy, in the middle of an inference
  | 'wait' // in the middle of an inference, for the Web Lock 'mid-image'
  | 'no-memory' // as ONNX Runtime says it
  | 'gpu-no-memory' // as the device says it
  | 'zeros'; // all outputs, and no error

export interface Faults {
  /** The golden numbers expected of this backend are wrong. */
  readonly wrongGolden?: 'webgpu' | 'wasm';
  /** This backend computes nothing but zeros, at load already. */
  readonly zeros?: 'webgpu' | 'wasm';
  /** What happens when this backend is loaded: no answer, dead, or the memory has been used up before. */
  readonly atLoad?: Readonly<Partial<Record<'webgpu' | 'wasm', 'hang' | 'die' | 'no-memory'>>>;
  /** Loading waits for the Web Lock of that name. */
  readonly loadWhenFree?: string;
  /** Bytes of WebAssembly memory that every detection leaves behind. */
  readonly leak?: number;
  /** What happens at the n-th detection. */
  readonly at?: Readonly<Record<number, Fault>>;
  /**
   * Name of a Web Lock that every inference holds, and of the channel on which each says 'run', or 'overlap' where
   * another one, of this worker or any other, holds it still. The browser frees it when the worker is really gone.
   */
  readonly ledger?: string;
}

const faults = (self.name.startsWith('{') ? JSON.parse(self.name) : {}) as Faults;
const ledger = faults.ledger === undefined ? undefined : new BroadcastChannel(faults.ledger);

/**
 * As if other workers had used up the memory, in Chromium's words. Really used up, it comes back whenever a worker that was
 * ended is really gone, which a busy machine takes seconds for.
 */
function refuseMemory(): void {
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct() {
      throw new RangeError('WebAssembly.Memory(): could not allocate memory');
    },
  });
}

/** Never given back. */
const leaked: WebAssembly.Memory[] = [];

let turns = 0;
/** For ever, as far as the browser can tell. */
function block(): void {
  while (turns >= 0) turns = (turns + 1) % 1_000_000;
}

const devices: GPUDevice[] = [];
// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its adapter below
const requestDevice = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (this: GPUAdapter, ...args) {
  const device = await requestDevice.apply(this, args);
  devices.push(device);
  return device;
};

let now: Fault | undefined;
type Run = (...args: Parameters<InferenceSession['run']>) => ReturnType<InferenceSession['run']>;
for (const sessions of [OnCpu, OnGpu] as unknown as readonly { readonly prototype: { run: Run } }[]) {
  const { run } = sessions.prototype;
  sessions.prototype.run = async function (this: InferenceSession, ...args) {
    if (ledger === undefined) return faultyRun(() => run.apply(this, args));
    return navigator.locks.request(ledger.name, { ifAvailable: true }, (lock) => {
      ledger.postMessage(lock === null ? 'overlap' : 'run');
      return faultyRun(() => run.apply(this, args));
    });
  };
}

async function faultyRun(infer: () => ReturnType<Run>): ReturnType<Run> {
  if (now === 'no-memory') {
    throw new Error('failed to call OrtRun(). ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc');
  }
  if (now === 'lose-device-late') setTimeout(() => devices.at(-1)?.destroy());
  if (now === 'die-late') setTimeout(() => self.close());
  if (now === 'gpu-no-memory') {
    const error = new GPUOutOfMemoryError('no memory on purpose');
    devices.at(-1)?.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error }));
  }
  const results = await infer();
  if (now === 'block') block();
  if (now === 'wait') await navigator.locks.request('mid-image', () => undefined);
  if (now === 'die-late') return new Promise(() => undefined);
  if (now === 'zeros') for (const tensor of Object.values(results)) clear(tensor);
  return results;
}

function clear(tensor: InferenceSession.OnnxValueMapType[string]): void {
  if (tensor.location === 'cpu') (tensor.data as Float32Array).fill(0);
  else devices.at(-1)?.queue.writeBuffer(tensor.gpuBuffer, 0, new Float32Array(tensor.size));
}

class FaultyWorker extends DetectorWorker {
  #count = 0;

  override async load(request: LoadRequest, onStage: (stage: LoadStage) => void): Promise<LoadReport> {
    if (faults.loadWhenFree !== undefined)
      await navigator.locks.request(faults.loadWhenFree, () => undefined);
    const atLoad = faults.atLoad?.[request.backend];
    if (atLoad === 'hang') return new Promise(() => undefined);
    if (atLoad === 'die') self.close();
    if (atLoad === 'no-memory') refuseMemory();
    if (faults.zeros === request.backend) now = 'zeros';
    if (faults.wrongGolden !== request.backend) return super.load(request, onStage);
    const golden = structuredClone(request.manifest.golden);
    const samples = Object.values(golden.outputs)[0]?.samples ?? [];
    samples[0] = (samples[0] ?? 0) + 1;
    return super.load({ ...request, manifest: { ...request.manifest, golden } }, onStage);
  }

  override async detect(image: ImageBitmap): Promise<DetectResult> {
    now = faults.at?.[this.#count++];
    if (faults.leak !== undefined) leaked.push(new WebAssembly.Memory({ initial: faults.leak / 65_536 }));
    if (now === 'lose-device') devices.at(-1)?.destroy();
    if (now === 'gpu-error') devices.at(-1)?.createBuffer({ size: 16, usage: 0 });
    if (now === 'die') self.close();
    if (now === 'throw') setTimeout(() => reportError(new Error('thrown on purpose')));
    if (now === 'die' || now === 'throw' || now === 'hang') return new Promise(() => undefined);
    return super.detect(image);
  }
}

if (!self.name.startsWith('em-pthread')) {
  registerErrorTransfer();
  expose(new FaultyWorker());
}
