// Makes the virtual environment of the trainer; `forelabel setup` does the same where Forelabel is installed.
//
//   npm run trainer:setup                CPU
//   npm run trainer:setup -- --cuda      the CUDA build of PyTorch
//   node scripts/trainer-setup.mjs --print     only prints the python, when the environment is ready
//
// The last line of stdout is the environment's python.
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';

register('./typescript.mjs', import.meta.url);
const environment = await import('../src/relay/trainerEnvironment/trainerPython.ts');

/**
 * @param {{ cuda?: boolean }} [options]
 * @returns {Promise<string>} absolute path of the python
 */
export function trainerPython({ cuda = false } = {}) {
  let told = '';
  return environment.trainerPython({
    cuda,
    onProgress({ step, done, total }) {
      if (step !== told) process.stderr.write(`${done + 1}/${total} ${step}\n`);
      told = step;
    },
  });
}

async function main() {
  const args = process.argv.slice(2);
  const unknown = args.filter((arg) => arg !== '--cuda' && arg !== '--print');
  if (unknown.length > 0) {
    process.stderr.write(`Unknown option ${unknown.join(' ')}. There are: --cuda, --print.\n`);
    return 2;
  }
  const cuda = args.includes('--cuda');
  const python = args.includes('--print')
    ? await environment.readyTrainerPython({ cuda })
    : await trainerPython({ cuda });
  if (python === undefined) {
    process.stderr.write('The trainer is not set up yet: npm run trainer:setup\n');
    return 1;
  }
  process.stdout.write(`${python}\n`);
  return 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  // pip runs in a process group of its own, which Ctrl+C does not reach: it ends when we exit.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
  try {
    process.exitCode = await main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
