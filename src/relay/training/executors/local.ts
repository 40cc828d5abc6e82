import { join } from 'node:path';
import type { Executor, StepCommand } from '../contracts.ts';
import { packageFolder } from '../../home.ts';
import { processExecutor, type CommandLine } from './processExecutor.ts';

/** Folder of the Python package `forelabel_trainer`. */
export const trainerFolder = join(packageFolder, 'src', 'trainer');

export interface LocalOptions {
  /** The python of the trainer's environment; asked for at each start, since the first job may install it. */
  readonly python: () => string | Promise<string>;
  /** Default: that of this process. Secrets are left out of it. */
  readonly env?: NodeJS.ProcessEnv;
}

/** One process per step on this machine: `python -m forelabel_trainer.<module> <job file>`. */
export function localExecutor({ python, env = process.env }: LocalOptions): Executor {
  return processExecutor({
    kind: 'local',
    commandLine: async ({ module, jobFile }: StepCommand): Promise<CommandLine> => ({
      file: await python(),
      args: ['-m', `forelabel_trainer.${module}`, jobFile],
      env: trainerEnvironment(env),
    }),
  });
}

/**
 * What the trainer needs to know, and no secret: it loads models, whose files can run code. Its threads wait asleep:
 * PyTorch's usual ones spin, and with a second busy program on the machine a step took 30 times as long.
 */
export function trainerEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !secret.test(name) && name !== 'PYTHONHOME');
  return { OMP_WAIT_POLICY: 'PASSIVE', ...Object.fromEntries(kept), PYTHONPATH: trainerFolder };
}

const secret = /TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY|CREDENTIAL/iu;
