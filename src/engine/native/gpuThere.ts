import { existsSync, readdirSync } from 'node:fs';

/**
 * Whether this machine may have a GPU that ONNX Runtime can use. Asking ONNX Runtime itself would print a warning on
 * every Linux machine without one. True where it cannot be told.
 */
export function mayHaveGpu(platform: NodeJS.Platform = process.platform, devices = '/dev'): boolean {
  if (platform !== 'linux') return true;
  // NVIDIA's driver, and the GPU of a Windows that Linux runs in.
  if (['nvidiactl', 'dxg'].some((name) => existsSync(`${devices}/${name}`))) return true;
  const nodes = existsSync(`${devices}/dri`) ? readdirSync(`${devices}/dri`) : [];
  return nodes.some((name) => name.startsWith('renderD'));
}
