/** Relays in processes of their own, which tests kill. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'vite';
import type { RelayProcessOptions } from './relayProcess.ts';

/** In the package, so that packages and the package's own folder are found from there. */
const repository = join(import.meta.dirname, '..', '..', '..', '..');
const folder = join(repository, 'node_modules', `.forelabel-relay-${process.pid}`);

/** Makes JavaScript of `relayProcess.ts`; once per test file. */
export async function buildRelayProcess(): Promise<void> {
  await mkdir(folder, { recursive: true });
  await build({
    configFile: false,
    root: repository,
    logLevel: 'error',
    build: {
      ssr: join(import.meta.dirname, 'relayProcess.ts'),
      outDir: folder,
      emptyOutDir: true,
      target: 'node20',
    },
  });
}

export const removeRelayProcess = () => rm(folder, { recursive: true, force: true });

const running = new Set<ChildProcess>();

/** A relay; resolves as soon as it works. */
export async function startRelay(home: string, options: RelayProcessOptions = {}): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(folder, 'relayProcess.js'), home, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      // A secret that no step may see.
      LABEL_STUDIO_API_KEY: 'secret',
      FAKE_TRAINER: join(import.meta.dirname, 'fakeTrainer.mjs'),
    },
  });
  running.add(child);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error(`The relay ended: ${said}`);
  });
  ended.catch(() => undefined);
  await Promise.race([once(child.stdout, 'data'), ended]);
  return child;
}

/** kill -9: nothing is tidied up. */
export async function kill(child: ChildProcess): Promise<void> {
  running.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

export async function killAll(): Promise<void> {
  await Promise.all([...running].map(kill));
}
