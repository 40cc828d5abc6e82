/** Entry of a process that runs the training service, to be killed: `node relayProcess.js HOME OPTIONS`. */
import { optionsFor, slowCollect } from './trainingHome.ts';
import { createTraining } from '../../../../src/relay/training/createTraining.ts';
import type { Executor } from '../../../../src/relay/training/contracts.ts';

export interface RelayProcessOptions {
  /** Asks for a training of this project. */
  readonly project?: number;
  readonly epochs?: number;
  readonly collectMs?: number;
  /** Sleeps for ever once a step of this module has ended, as if the process stood still there. */
  readonly hangAfter?: 'train' | 'evaluate' | 'export';
  /** Sleeps for ever after a step was started, before its handle is known. */
  readonly hangInStart?: boolean;
}

const [home = '', json = '{}'] = process.argv.slice(2);
const {
  project,
  epochs = 3,
  collectMs = 20,
  hangAfter,
  hangInStart = false,
} = JSON.parse(json) as RelayProcessOptions;

const forEver = () => new Promise<never>(() => undefined);
const options = optionsFor(home, { collect: slowCollect(collectMs) });
const local = options.executors.local;
if (local === undefined) throw new Error('There is no executor.');
const hanging: Executor = {
  ...local,
  async start(command) {
    const handle = await local.start(command);
    return hangInStart ? forEver() : handle;
  },
  async wait(handle, command, signal) {
    const end = await local.wait(handle, command, signal);
    return command.module === hangAfter ? forEver() : end;
  },
};
const service = await createTraining({ ...options, executors: { local: hanging } });
if (project !== undefined) await service.start({ project, epochs }, 'person');
process.stdout.write('ready\n');
// As a server would.
setInterval(() => undefined, 60_000);
