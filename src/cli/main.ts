#!/usr/bin/env node
import { packageVersion } from '../relay/home.ts';
import { RelayError } from '../relay/errors.ts';
import { SettingsError } from '../relay/settings/settingsError.ts';
import { UsageError, type ExitCode } from './errors.ts';
import { helpFor } from './help.ts';

type Command = (args: readonly string[]) => Promise<ExitCode>;

/** Loaded when asked for: `models` should not wait for ONNX Runtime. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).runServe,
  predict: async () => (await import('./predict.ts')).runPredict,
  train: async () => (await import('./train.ts')).runTrain,
  jobs: async () => (await import('./jobs.ts')).runJobs,
  export: async () => (await import('./export.ts')).runExport,
  models: async () => (await import('./models.ts')).runModels,
  config: async () => (await import('./config.ts')).runConfig,
  doctor: async () => (await import('./doctor.ts')).runDoctor,
  setup: async () => (await import('./setup.ts')).runSetup,
};

/** Port and host are arguments, and so is the name of a model: another one is what helps. */
const wrongArguments = new Set(['port-busy', 'already-running', 'address-unavailable', 'model-not-found']);

async function run([name, ...args]: readonly string[]): Promise<ExitCode> {
  if (name === '--version' || name === '-v') return print(`${packageVersion}\n`);
  if (name === 'help') return print(helpFor(args[0]));
  if (name === '--help' || name === '-h') return print(helpFor(undefined));
  const load = name === undefined ? undefined : commands[name];
  if (load === undefined) {
    throw new UsageError(
      name === undefined ? 'No command is given.' : `There is no command "${name}".`,
      'See "forelabel help".',
    );
  }
  if (args.includes('--help') || args.includes('-h')) return print(helpFor(name));
  return (await load())(args);
}

function print(text: string): ExitCode {
  process.stdout.write(text);
  return 0;
}

/** People read a message and what to do next; the stack is for those who ask for it. */
function report(error: unknown): ExitCode {
  // Whoever read our output has seen enough (`| head`): nobody is left to tell.
  if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return 1;
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${message}\n`);
  if (error instanceof UsageError) process.stderr.write(`${error.hint}\n`);
  if (process.env.FORELABEL_LOG === 'debug' && error instanceof Error) {
    process.stderr.write(`${error.stack ?? ''}\n`);
  }
  if (error instanceof UsageError || error instanceof SettingsError) return 2;
  return error instanceof RelayError && wrongArguments.has(error.code) ? 2 : 1;
}

// Set, and not exit(): what is still on its way to a pipe would be cut off.
process.exitCode = await run(process.argv.slice(2)).catch(report);
