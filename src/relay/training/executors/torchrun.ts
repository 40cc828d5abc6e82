import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TrainingError, type Executor } from '../contracts.ts';
import { trainerEnvironment } from './local.ts';
import { processExecutor } from './processExecutor.ts';
import { trainerArguments } from './trainerArguments.ts';

export interface TorchrunOptions {
  /** The python of the trainer's environment; asked for at each start, since the first job may install it. */
  readonly python: () => string | Promise<string>;
  /** GPUs, each with a process of its own; 0 (the default): all that PyTorch sees. */
  readonly gpus?: number | undefined;
  /** Default: that of this process. Secrets are left out of it. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/**
 * Training on several GPUs of this machine, by PyTorch's own launcher; evaluation and export run as the local
 * executor runs them. The launcher's processes have sessions of their own: it ends them when it is told to end,
 * and they end with it when it is killed (src/trainer/forelabel_trainer/torchrun_parent.py).
 */
export function torchrunExecutor({ python, gpus = 0, env = process.env }: TorchrunOptions): Executor {
  return processExecutor({
    kind: 'torchrun',
    commandLine: async (command) => {
      const file = await python();
      const environment = trainerEnvironment(env);
      const processes = command.module !== 'train' || gpus > 0 ? gpus : await countGpus(file, environment);
      return { file, args: trainerArguments(command, processes), env: environment };
    },
  });
}

/** How many GPUs PyTorch sees there. Throws `TrainingError` 'no-gpu' where it sees none. */
async function countGpus(python: string, env: NodeJS.ProcessEnv): Promise<number> {
  const script = 'import torch; print(torch.cuda.device_count())';
  let count: number;
  try {
    count = Number((await promisify(execFile)(python, ['-c', script], { env })).stdout);
  } catch (cause) {
    throw new TrainingError(
      'trainer-not-started',
      `The trainer cannot be started: ${python} does not run, or has no PyTorch. Run "forelabel doctor" to see what is missing.`,
      { cause },
    );
  }
  if (count > 0) return count;
  throw new TrainingError(
    'no-gpu',
    'PyTorch sees no GPU here, and torchrun is for several. Choose the executor "local", or run "forelabel doctor" to see why.',
  );
}
