import { rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { findPython } from './findPython.ts';
import { installationStep, type StepOptions } from './installationStep.ts';

export interface InstallProgress {
  /** In the present tense, for people. */
  readonly step: string;
  /** Steps behind us, of `total`. */
  readonly done: number;
  readonly total: number;
  /** What pip is at: 'Downloading torch-2.13.0 (184.5 MB)'. */
  readonly detail: string | null;
}

export interface InstallOptions {
  readonly cuda?: boolean;
  readonly onProgress?: (progress: InstallProgress) => void;
  readonly signal?: AbortSignal | undefined;
}

/** PyTorch's own index: on Linux the public one has only CUDA builds of several GB. */
const cpuIndex = 'https://download.pytorch.org/whl/cpu';

/** Proves that what was installed works together. */
const check = `
import sys
from forelabel_trainer import mmcv_ops
mmcv_ops.install()
import mmdet.apis, onnx, onnxruntime, pycocotools, torch
if '--cuda' in sys.argv and torch.version.cuda is None:
    sys.exit('This PyTorch is a CPU build. Name an index that has CUDA builds for this system in '
             'FORELABEL_TORCH_INDEX (see https://pytorch.org/get-started/locally) and run this again.')
print(f'PyTorch {torch.__version__}, MMDetection {mmdet.__version__}, GPU: {torch.cuda.is_available()}')
`;

/**
 * Makes an environment anew; what an earlier try has downloaded comes from pip's cache. The caller holds the lock
 * of its folder. `sources` is the folder of the trainer and its pins.
 */
export async function install(
  { folder, python, marker }: { readonly folder: string; readonly python: string; readonly marker: string },
  sources: string,
  { cuda = false, onProgress, signal }: InstallOptions,
): Promise<void> {
  const { command, version } = await findPython();
  const logFile = `${folder}.log`;
  await rm(folder, { recursive: true, force: true });
  await writeFile(logFile, `${new Date().toISOString()} Python ${version} in ${folder}\n`);

  const pins = (name: string) => join(sources, name);
  const run = async (
    done: number,
    step: string,
    work: (options: StepOptions) => Promise<void>,
  ): Promise<void> => {
    const tell = (detail: string | null) => onProgress?.({ step, done, total: 4, detail });
    tell(null);
    const onLine = (line: string) => {
      const detail = pipDetail(line);
      if (detail !== null) tell(detail);
    };
    await work({ signal, logFile, onLine });
  };

  await run(0, 'Making a virtual environment', async (options) => {
    await installationStep(command, ['-m', 'venv', folder], options);
    await pip(python, ['-r', pins('requirements-build.txt')], options);
  });
  await run(
    1,
    cuda ? 'Installing PyTorch for CUDA (several GB)' : 'Installing PyTorch for CPU (about 200 MB)',
    async (options) => installTorch(python, cuda, pins, options),
  );
  await run(2, 'Installing MMDetection and what it needs (about 200 MB)', (options) =>
    pip(python, ['--no-deps', '--no-build-isolation', '-r', pins('requirements.txt')], options),
  );
  await run(3, 'Trying the trainer', (options) =>
    installationStep(python, ['-c', check, ...(cuda ? ['--cuda'] : [])], {
      ...options,
      env: { PYTHONPATH: [sources, process.env.PYTHONPATH].filter(Boolean).join(delimiter) },
    }),
  );
  await writeFile(marker, `${new Date().toISOString()}\n`);
}

async function installTorch(
  python: string,
  cuda: boolean,
  pins: (name: string) => string,
  options: StepOptions,
): Promise<void> {
  const index =
    process.env.FORELABEL_TORCH_INDEX ??
    (!cuda && process.platform === 'linux' && (await isReachable(cpuIndex)) ? cpuIndex : undefined);
  const torch = ['-r', pins('requirements-torch.txt')];
  // That index has old versions of torch's dependencies only; requirements.txt brings ours.
  if (index !== undefined) return pip(python, ['--no-deps', '--index-url', index, ...torch], options);
  return pip(python, [...torch, '-c', pins('requirements.txt')], options);
}

async function isReachable(address: string): Promise<boolean> {
  try {
    const answer = await fetch(`${address}/torch/`, { method: 'HEAD', signal: AbortSignal.timeout(5000) });
    return answer.ok;
  } catch {
    return false;
  }
}

function pip(python: string, args: readonly string[], options: StepOptions): Promise<void> {
  const quiet = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];
  return installationStep(python, ['-m', 'pip', 'install', ...quiet, ...args], options);
}

/** 'Downloading https://…/torch-2.13.0-cp311-….whl (184.5 MB)' -> 'Downloading torch-2.13.0 (184.5 MB)'. */
export function pipDetail(line: string): string | null {
  const file = /^\s*(Downloading|Using cached) (?:\S*\/)?([^\s/]+)( \([^)]*\))?/u.exec(line);
  if (file !== null) {
    const [, verb = '', name = '', size = ''] = file;
    const [project = '', version = ''] = name
      .replace(/\.(?:whl|tar\.gz|zip)(?:\.metadata)?$/u, '')
      .split('-');
    return `${verb} ${version === '' ? project : `${project}-${version}`}${size}`;
  }
  if (/^\s*Building wheel/u.test(line)) return line.trim();
  return line.startsWith('Installing collected packages') ? 'Unpacking' : null;
}
