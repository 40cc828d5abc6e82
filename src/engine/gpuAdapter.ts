import { EngineError } from './errors.ts';

/**
 * The browser's GPU; cheap to ask for, in page and worker. Throws `EngineError` 'backend-unavailable' saying what is
 * missing.
 */
export async function findGpuAdapter(allowSoftware: boolean): Promise<GPUAdapter> {
  // Not there in older browsers and on pages that are not secure, whatever the types say.
  const gpu = navigator.gpu as GPU | undefined;
  if (gpu === undefined) throw new EngineError('backend-unavailable', 'this browser has no WebGPU');
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) throw new EngineError('backend-unavailable', 'the browser offers no GPU');
  if (isSoftware(adapter.info) && !allowSoftware) {
    throw new EngineError(
      'backend-unavailable',
      'the browser only emulates a GPU, which is slower than the CPU',
    );
  }
  return adapter;
}

/** For people. */
export function gpuName(info: GPUAdapterInfo): string {
  const words = info.description === '' ? [info.vendor, info.architecture] : [info.description];
  return words.filter((word) => word !== '').join(' ') || 'GPU';
}

function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter || /swiftshader|llvmpipe|softpipe|basic render/iu.test(gpuName(info));
}
