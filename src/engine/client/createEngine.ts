import type { Engine } from '../types.ts';
import { ChosenEngine } from './chosenEngine.ts';
import { createWorkerEngine } from './createWorkerEngine.ts';
import type { WorkerEngineOptions } from './createWorkerEngine.ts';
import { pageBackends } from './engineChoice.ts';
import type { Candidate, EngineChoice, PageBackend } from './engineChoice.ts';
import { createRelayEngine } from './relayEngine.ts';

export type EngineOptions = Omit<WorkerEngineOptions, 'backends'> & {
  /** Default 'auto'. One that does not work gives way to the others, and `info.why` says so. */
  readonly choice?: EngineChoice;
  /** Those that may be used; default: all. */
  readonly backends?: readonly PageBackend[];
  /** Address of the relay; default: the one that served this page. */
  readonly relay?: string;
};

/**
 * The engine of a page: the fastest that works here, or the one that was chosen. `info.why` says why it is that one,
 * `info.candidates` what is known of the others.
 *
 * Throws `EngineError`, the failure of the last one tried, when none works; or the reason of `signal`.
 */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { choice = 'auto', backends = pageBackends, onInfo = ignore, relay, ...rest } = options;
  let ready = false;
  const whileLoading: WorkerEngineOptions['onProgress'] = (progress) => {
    // What is tried beside an engine that runs is nobody's waiting.
    if (!ready) rest.onProgress?.(progress);
  };
  const candidates = backends.map((backend): Candidate => {
    if (backend === 'relay') {
      const { manifest } = rest;
      return {
        backend,
        open: (signal) => createRelayEngine({ manifest, signal, ...(relay !== undefined && { relay }) }),
      };
    }
    const allowSoftwareGpu = rest.allowSoftwareGpu ?? false;
    return {
      backend,
      open: (signal) =>
        createWorkerEngine({
          ...rest,
          ...{ allowSoftwareGpu, signal, backends: [backend], onProgress: whileLoading },
        }),
    };
  });
  const engine = await ChosenEngine.open(
    { candidates, choice, onInfo, relayIsHere: isThisMachine(relay ?? location.origin) },
    options.signal,
  );
  ready = true;
  return engine;
}

function isThisMachine(address: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/u.test(new URL(address).hostname);
}

function ignore(): void {
  // Nobody listens.
}
