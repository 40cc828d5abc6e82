/** The engine's worker, made to fail on order; its name is the order, as JSON. */
import { expose } from 'comlink';
import { EngineError } from '../../../src/engine/errors.ts';
import { registerErrorTransfer } from '../../../src/engine/errorTransfer.ts';
import type { DetectResult } from '../../../src/engine/types.ts';
import { DetectorWorker } from '../../../src/engine/worker/detectorWorker.ts';
import type { LoadReport, LoadRequest, LoadStage } from '../../../src/engine/workerProtocol.ts';

export interface Faults {
  /** The golden numbers expected of this backend are wrong. */
  readonly wrongGolden?: 'webgpu' | 'wasm';
  /** What happens at the n-th detection. */
  readonly at?: Readonly<Record<number, 'lose-device' | 'die' | 'throw' | 'hang'>>;
}

const faults = (self.name.startsWith('{') ? JSON.parse(self.name) : {}) as Faults;
const devices: GPUDevice[] = [];
// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its adapter below
const requestDevice = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (this: GPUAdapter, ...args) {
  const device = await requestDevice.apply(this, args);
  devices.push(device);
  return device;
};

class FaultyWorker extends DetectorWorker {
  #count = 0;
  #busy = false;

  override load(request: LoadRequest, onStage: (stage: LoadStage) => void): Promise<LoadReport> {
    if (faults.wrongGolden !== request.backend) return super.load(request, onStage);
    const golden = structuredClone(request.manifest.golden);
    const samples = Object.values(golden.outputs)[0]?.samples ?? [];
    samples[0] = (samples[0] ?? 0) + 1;
    return super.load({ ...request, manifest: { ...request.manifest, golden } }, onStage);
  }

  override async detect(image: ImageBitmap): Promise<DetectResult> {
    if (this.#busy) throw new EngineError('model-invalid', 'two detections at once');
    this.#busy = true;
    const fault = faults.at?.[this.#count++];
    if (fault === 'lose-device') devices.at(-1)?.destroy();
    if (fault === 'die') self.close();
    if (fault === 'throw') setTimeout(() => reportError(new Error('thrown on purpose')));
    if (fault === 'die' || fault === 'throw' || fault === 'hang') return new Promise(() => undefined);
    try {
      return await super.detect(image);
    } finally {
      this.#busy = false;
    }
  }
}

if (!self.name.startsWith('em-pthread')) {
  registerErrorTransfer();
  expose(new FaultyWorker());
}
