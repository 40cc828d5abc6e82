/** The built product as a user starts it: `forelabel serve` in a process of its own. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '..', '..');
export const forelabelCommand = join(repository, 'dist', 'node', 'cli', 'main.js');

export interface ForelabelServer {
  readonly url: string;
  /** Everything it has printed so far, standard output and error. */
  printed(): string;
  stop(): Promise<void>;
}

/** Starts it on a free port with an empty FORELABEL_HOME. The build must be there (`npm run build`). */
export async function startForelabel(): Promise<ForelabelServer> {
  if (!existsSync(forelabelCommand)) throw new Error('Forelabel is not built. Run: npm run build');
  const home = await mkdtemp(join(tmpdir(), 'forelabel-home-'));
  const child = spawn(process.execPath, [forelabelCommand, 'serve', '--port', '0', '--no-open'], {
    env: { ...process.env, FORELABEL_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    const take = (chunk: Buffer) => {
      output += chunk.toString();
      const found = /http:\/\/[^\s]+/u.exec(output)?.[0];
      if (found !== undefined) resolve(found.replace(/\/$/u, ''));
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('close', () => reject(new Error(`forelabel serve ended at once:\n${output}`)));
  });
  return {
    url,
    printed: () => output,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(home, { recursive: true, force: true });
    },
  };
}
