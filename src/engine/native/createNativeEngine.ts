import type { Engine, EngineInfo } from '../types.ts';
import type { GpuChoice } from './chooseSession.ts';
import { mayHaveGpu } from './gpuThere.ts';
import { NativeEngine } from './nativeEngine.ts';
import { NativeSession } from './nativeSession.ts';
import { assertModelHash, readModel } from './readModel.ts';
import type { ModelBytes } from './readModel.ts';
import { ThreadSession } from './threadSession.ts';

export type NativeEngineOptions = ({ readonly modelDir: string } | ModelBytes) & {
  /** Threads of one inference on the CPU; default: the physical cores, as far as they can be told. */
  readonly threads?: number;
  /** Default: false. */
  readonly gpu?: GpuChoice;
  /**
   * The network runs in a thread of its own, for a process that has others to answer meanwhile; else it keeps the caller's for
   * as long as it takes. Costs each image some tenths of a millisecond. Default: false.
   */
  readonly ownThread?: boolean;
  /** Called when the CPU has taken over from the GPU in mid-run. */
  readonly onInfo?: (info: EngineInfo) => void;
};

/**
 * The detector in Node: sharp decodes, ONNX Runtime infers. Decoding of the next images overlaps the
 * inference of the current one; call `detect` for a few images at a time to profit from it.
 *
 * Throws `ManifestError`, or `EngineError`: 'model-hash', 'model-invalid', 'self-test', 'backend-unavailable',
 * 'inference-failed', 'out-of-memory'.
 */
export async function createNativeEngine(options: NativeEngineOptions): Promise<Engine> {
  const { gpu = false, ownThread = false, threads, onInfo = ignore } = options;
  const bytes = 'modelDir' in options ? await readModel(options.modelDir) : options;
  assertModelHash(bytes);
  const { manifest, model } = bytes;
  const Session = ownThread ? ThreadSession : NativeSession;
  return NativeEngine.open({
    ...{ manifest, gpu, onInfo },
    gpuThere: mayHaveGpu(),
    open: (provider) => Session.open(manifest, model, provider, threads),
  });
}

function ignore(): void {
  // Nobody listens.
}
