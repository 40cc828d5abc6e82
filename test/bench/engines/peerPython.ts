import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { trainerPython } from '../../../scripts/trainer-setup.mjs';
import { cacheFolder } from '../../../src/relay/trainerEnvironment/cacheFolder.ts';
import { needsCuda } from '../../../src/relay/trainerEnvironment/gpu.ts';

/** The trainer's environment as it is on this machine. */
export interface PeerPython {
  /** Null where there is none and none could be made: without a network, say. */
  readonly python: string | null;
  /** Whether its PyTorch is a build for CUDA; such a one computes on the CPU as well as the other. */
  readonly cuda: boolean;
  /** To be put on PYTHONPATH; null where torchvision is not there. */
  readonly torchvision: string | null;
  /** Why something is missing, a line each. */
  readonly problems: readonly string[];
}

/** The build that belongs to the PyTorch of requirements-torch.txt. */
const torchvision = 'torchvision==0.28.0';

let known: Promise<PeerPython> | null = null;

/** Looked for once; made where it is missing, for CUDA where there is a GPU of NVIDIA's. Does not throw. */
export function peerPython(): Promise<PeerPython> {
  known ??= findPeerPython(trainerPython, () => needsCuda('auto'), installTorchvision);
  return known;
}

/** The same with other hands. */
export async function findPeerPython(
  make: (options: { readonly cuda: boolean }) => Promise<string>,
  hasGpu: () => Promise<boolean>,
  install: (python: string) => Promise<string>,
): Promise<PeerPython> {
  const problems: string[] = [];
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  };
  if (await hasGpu()) {
    const python = await attempt('PyTorch for CUDA is left out', () => make({ cuda: true }));
    if (python !== null) {
      const folder = await attempt('torchvision is left out, and NMS is NumPy’s', () => install(python));
      return { python, cuda: true, torchvision: folder, problems };
    }
  }
  const python = await attempt('MMDetection is left out', () => make({ cuda: false }));
  return { python, cuda: false, torchvision: null, problems };
}

/**
 * MMDetection at its best has a compiled NMS, which counts on a GPU. In a folder of the bench's own: the trainer does
 * without torchvision, so that no two builds can disagree.
 */
async function installTorchvision(python: string): Promise<string> {
  const folder = join(cacheFolder(), 'bench', torchvision.replace('==', '-'));
  if (existsSync(join(folder, 'torchvision'))) return folder;
  const index = process.env.FORELABEL_TORCH_INDEX;
  const from = index === undefined ? [] : ['--index-url', index];
  const args = ['--quiet', '--no-deps', '--target', folder, ...from, torchvision];
  await execa(python, ['-m', 'pip', 'install', '--disable-pip-version-check', ...args]);
  return folder;
}
