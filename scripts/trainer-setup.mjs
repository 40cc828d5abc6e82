// Makes the virtual environment of the trainer (MMDetection, nothing compiled).
//
//   npm run trainer:setup                CPU
//   npm run trainer:setup -- --cuda      the CUDA build of PyTorch
//   node scripts/trainer-setup.mjs --print     only prints the python, when the environment is ready
//
// The last line of stdout is the environment's python. It is made once for each set of pins, Python
// version and device, and reused until one of them changes.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { alone, cacheFolder, findPython, pythonOf, step } from './pythonEnvironment.mjs';

const folderOfPins = join(import.meta.dirname, '..', 'src', 'trainer');
const pins = (name) => join(folderOfPins, name);

/** PyTorch's own index: on Linux the public one has only CUDA builds of several GB. */
const CPU_INDEX = 'https://download.pytorch.org/whl/cpu';

/** @param {boolean} cuda */
function describe(cuda) {
  const { command, version } = findPython();
  const hash = createHash('sha256').update(`${version} ${cuda ? 'cuda' : 'cpu'}\n`);
  for (const name of ['requirements-build.txt', 'requirements-torch.txt', 'requirements.txt']) {
    hash.update(readFileSync(pins(name)));
  }
  const id = hash.digest('hex').slice(0, 10);
  const folder = join(cacheFolder(), `trainer-${cuda ? 'cuda' : 'cpu'}-py${version}-${id}`);
  return { command, version, folder, python: pythonOf(folder), marker: join(folder, 'complete.txt') };
}

const isReady = ({ python, marker }) => existsSync(python) && existsSync(marker);

/** @param {string} address */
async function reachable(address) {
  try {
    const answer = await fetch(`${address}/torch/`, { method: 'HEAD', signal: AbortSignal.timeout(5000) });
    return answer.ok;
  } catch {
    return false;
  }
}

/**
 * @param {string} python
 * @param {boolean} cuda
 */
async function installTorch(python, cuda) {
  const wanted = ['-r', pins('requirements-torch.txt'), '-c', pins('requirements.txt')];
  const index =
    process.env.FORELABEL_TORCH_INDEX ??
    (!cuda && process.platform === 'linux' && (await reachable(CPU_INDEX)) ? CPU_INDEX : undefined);
  if (index === undefined) return pip(python, wanted);
  // That index has old versions of torch's dependencies only; requirements.txt brings ours.
  return pip(python, ['--no-deps', '--index-url', index, '-r', pins('requirements-torch.txt')]);
}

/**
 * @param {string} python
 * @param {string[]} args
 */
const pip = (python, args) =>
  step(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--no-input', ...args]);

const CHECK = `
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
 * The python of the trainer's environment; makes the environment when it is missing or half made (the
 * marker is written last).
 *
 * @param {{ cuda?: boolean }} [options]
 * @returns {Promise<string>} absolute path of the python
 */
export async function trainerPython({ cuda = false } = {}) {
  const environment = describe(cuda);
  if (isReady(environment)) return environment.python;
  return alone(environment.folder, async () => {
    if (!isReady(environment)) await make(environment, cuda);
    return environment.python;
  });
}

/**
 * @param {ReturnType<typeof describe>} environment
 * @param {boolean} cuda
 */
async function make({ command, version, folder, python, marker }, cuda) {
  const say = (text) => process.stderr.write(`${text}\n`);
  rmSync(folder, { recursive: true, force: true });
  say(`Making the trainer's environment with Python ${version} in ${folder}`);
  say('1/4 a virtual environment');
  await step(command, ['-m', 'venv', folder]);
  await pip(python, ['-r', pins('requirements-build.txt')]);
  say(cuda ? '2/4 PyTorch for CUDA (several GB)' : '2/4 PyTorch for CPU (about 200 MB)');
  await installTorch(python, cuda);
  say('3/4 MMDetection and what it needs (about 200 MB)');
  await pip(python, ['--no-deps', '--no-build-isolation', '-r', pins('requirements.txt')]);
  say('4/4 trying it');
  await step(python, ['-c', CHECK, ...(cuda ? ['--cuda'] : [])], {
    ...process.env,
    PYTHONPATH: folderOfPins,
  });
  writeFileSync(marker, `${new Date().toISOString()}\n`);
}

/** The python of the environment if it is ready, else undefined. */
function readyTrainerPython({ cuda = false } = {}) {
  const environment = describe(cuda);
  return isReady(environment) ? environment.python : undefined;
}

async function main() {
  const args = process.argv.slice(2);
  const unknown = args.filter((arg) => arg !== '--cuda' && arg !== '--print');
  if (unknown.length > 0) {
    process.stderr.write(`Unknown option ${unknown.join(' ')}. There are: --cuda, --print.\n`);
    return 2;
  }
  const cuda = args.includes('--cuda');
  const python = args.includes('--print') ? readyTrainerPython({ cuda }) : await trainerPython({ cuda });
  if (python === undefined) {
    process.stderr.write('The trainer is not set up yet: npm run trainer:setup\n');
    return 1;
  }
  process.stdout.write(`${python}\n`);
  return 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
