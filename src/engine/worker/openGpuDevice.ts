import { EngineError } from '../errors.ts';
import { findGpuAdapter, gpuName } from '../gpuAdapter.ts';

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
  const adapter = await findGpuAdapter(allowSoftware);
  const requiredLimits: Record<string, number> = {};
  for (const limit of LIMITS) requiredLimits[limit] = adapter.limits[limit];
  const requiredFeatures = FEATURES.filter((feature) => adapter.features.has(feature));
  const device = await adapter.requestDevice({ requiredFeatures, requiredLimits }).catch((error: unknown) => {
    throw new EngineError('backend-unavailable', String(error), { cause: error });
  });
  return { device, name: gpuName(adapter.info) };
}
