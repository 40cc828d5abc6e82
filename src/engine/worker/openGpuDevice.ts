import { EngineError } from '../errors.ts';

/** What ONNX Runtime asks of a device; the defaults of WebGPU are too small for large feature maps. */
const LIMITS = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxStorageBuffersPerShaderStage',
  'maxTextureDimension2D',
] as const;
const FEATURES: readonly GPUFeatureName[] = ['shader-f16', 'subgroups'];

/**
 * Our own device, to be shared with ONNX Runtime. Throws `EngineError` 'backend-unavailable' saying what
 * is missing.
 */
export async function openGpuDevice(
  allowSoftware: boolean,
): Promise<{ readonly device: GPUDevice; readonly name: string }> {
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
  const requiredLimits: Record<string, number> = {};
  for (const limit of LIMITS) requiredLimits[limit] = adapter.limits[limit];
  const requiredFeatures = FEATURES.filter((feature) => adapter.features.has(feature));
  const device = await adapter.requestDevice({ requiredFeatures, requiredLimits }).catch((error: unknown) => {
    throw new EngineError('backend-unavailable', String(error), { cause: error });
  });
  return { device, name: nameOf(adapter.info) };
}

function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter || /swiftshader|llvmpipe|softpipe|basic render/iu.test(nameOf(info));
}

function nameOf(info: GPUAdapterInfo): string {
  const words = info.description === '' ? [info.vendor, info.architecture] : [info.description];
  return words.filter((word) => word !== '').join(' ') || 'GPU';
}
