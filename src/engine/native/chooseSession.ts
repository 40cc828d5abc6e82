import type { Manifest } from '../../detector/manifest.ts';
import { planResize } from '../../detector/resizePlan.ts';
import { EngineError } from '../errors.ts';
import type { NativeProvider, OpenedSession, OpenSession } from './nativeSession.ts';

/** false: CPU. 'auto': the GPU where it passes the self-test and is faster. true: the GPU or an error. */
export type GpuChoice = boolean | 'auto';

export interface ChosenSession {
  readonly session: OpenedSession;
  /** One sentence: why this one. */
  readonly why: string;
}

/**
 * Opens a session and runs the network once at the usual shape: the first run at a shape allocates and compiles, and images
 * should not pay for it. A session that fails is let go. Throws what `open` throws, and 'inference-failed'.
 */
export async function openWarm(
  open: OpenSession,
  provider: NativeProvider,
  manifest: Manifest,
): Promise<OpenedSession> {
  const session = await open(provider);
  await timedRun(session, manifest);
  return session;
}

/**
 * The session that an engine begins with.
 *
 * @param gpuThere false where the machine is known to have no GPU.
 */
export async function chooseSession(
  open: OpenSession,
  manifest: Manifest,
  gpu: GpuChoice,
  gpuThere: boolean,
): Promise<ChosenSession> {
  const warm = (provider: NativeProvider) => openWarm(open, provider, manifest);
  if (gpu === false) return { session: await warm('cpu'), why: 'ONNX Runtime on the CPU was asked for.' };
  if (gpu === true) return { session: await warm('webgpu'), why: 'The GPU passed the self-test.' };
  if (!gpuThere) return { session: await warm('cpu'), why: 'This machine has no GPU, so the CPU is used.' };
  return fasterOf(open, manifest);
}

/** A GPU that a driver emulates passes every test, and a weak one may be slower than the CPU beside it. */
async function fasterOf(open: OpenSession, manifest: Manifest): Promise<ChosenSession> {
  const timed = async (provider: NativeProvider) => {
    const session = await openWarm(open, provider, manifest);
    return { session, ms: Math.round(await timedRun(session, manifest)) };
  };
  let onGpu: Awaited<ReturnType<typeof timed>>;
  try {
    onGpu = await timed('webgpu');
  } catch (error) {
    const session = await openWarm(open, 'cpu', manifest);
    return { session, why: `The GPU could not be used (${gistOf(error)}), so the CPU is.` };
  }
  let onCpu: typeof onGpu;
  try {
    onCpu = await timed('cpu');
  } catch (error) {
    const why = `The GPU passed the self-test, and the CPU could not be used (${gistOf(error)}).`;
    return { session: onGpu.session, why };
  }
  if (onGpu.ms <= onCpu.ms) {
    await onCpu.session.release();
    const why = `The GPU passed the self-test and takes ${onGpu.ms} ms where the CPU takes ${onCpu.ms} ms.`;
    return { session: onGpu.session, why };
  }
  await onGpu.session.release();
  const why = `The CPU takes ${onCpu.ms} ms where the GPU takes ${onGpu.ms} ms.`;
  return { session: onCpu.session, why };
}

/** Milliseconds of the network at the usual shape. A session that fails is let go. */
async function timedRun(session: OpenedSession, manifest: Manifest): Promise<number> {
  const { width, height } = manifest.input.resize;
  const plan = planResize(width, height, manifest.input);
  const input = new Float32Array(3 * plan.paddedHeight * plan.paddedWidth);
  const start = performance.now();
  try {
    await session.run(input, plan.paddedHeight, plan.paddedWidth);
  } catch (error) {
    await session.release().catch(() => undefined);
    throw error;
  }
  return performance.now() - start;
}

/** Of a failure, and of ONNX Runtime's account, which begins with its own source, the part that says what happened. */
export function gistOf(error: unknown): string {
  const text = error instanceof EngineError ? (error.detail ?? error.code) : String(error);
  const line = text.split('\n', 1)[0] ?? '';
  return (line.split('was false. ').at(-1) ?? line).slice(0, 160);
}
