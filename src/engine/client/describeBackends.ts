import type { WorkerBackendName } from '../workerProtocol.ts';

export interface BackendDescription {
  readonly backend: WorkerBackendName;
  readonly available: boolean;
  /** One sentence for people: what it would run on, or why it cannot. */
  readonly reason: string;
}

/** What this page could run on, fastest first. Whether it also computes right, only the self-test tells. */
export async function describeBackends(): Promise<readonly BackendDescription[]> {
  return [await describeWebgpu(), describeWasm()];
}

async function describeWebgpu(): Promise<BackendDescription> {
  const no = (reason: string): BackendDescription => ({ backend: 'webgpu', available: false, reason });
  if (!isSecureContext) {
    return no('WebGPU needs a secure page: open Forelabel on https or on 127.0.0.1.');
  }
  const gpu = navigator.gpu as GPU | undefined;
  if (gpu === undefined) return no('This browser has no WebGPU.');
  if (isSafari()) return no('WebGPU in Safari runs out of memory in long runs.');
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  if (adapter === null) return no('The browser offers no GPU: it is missing, blocked or switched off.');
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  const name = description === '' ? `${vendor} ${architecture}`.trim() : description;
  if (isFallbackAdapter || architecture === 'swiftshader') {
    return no('The browser only emulates a GPU, which is slower than the CPU.');
  }
  return { backend: 'webgpu', available: true, reason: `A GPU is there${name === '' ? '' : ` (${name})`}.` };
}

function describeWasm(): BackendDescription {
  if (!('WebAssembly' in globalThis)) {
    return { backend: 'wasm', available: false, reason: 'This browser has no WebAssembly.' };
  }
  const reason = crossOriginIsolated
    ? 'The CPU, with several threads.'
    : 'The CPU, with one thread: this page is not isolated from other sites.';
  return { backend: 'wasm', available: true, reason };
}

/** Safari leaks memory in the GPU build of the runtime, up to a crash after some hundred runs. */
export function isSafari(): boolean {
  return /^(?!.*(?:chrome|chromium|android|crios|fxios)).*safari/iu.test(navigator.userAgent);
}
