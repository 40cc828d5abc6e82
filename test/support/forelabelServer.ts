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
  readonly port: number;
  /** Everything it has printed so far, standard output and error. */
  printed(): string;
  /** Ends it as Ctrl+C does, and removes the home that was made for it. */
  stop(): Promise<void>;
  /** Ends it as the system does when it is out of memory: at once and without a word. */
  kill(): Promise<void>;
}

export interface ForelabelServerOptions {
  /** FORELABEL_HOME; default: an empty one that goes with the server. */
  readonly home?: string;
  /** Default: any free one. */
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts it. The build must be there (`npm run build`). */
export async function startForelabel(options: ForelabelServerOptions = {}): Promise<ForelabelServer> {
  if (!existsSync(forelabelCommand)) throw new Error('Forelabel is not built. Run: npm run build');
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'forelabel-home-')));
  const port = String(options.port ?? 0);
  const child = spawn(process.execPath, [forelabelCommand, 'serve', '--port', port, '--no-open'], {
    env: { ...process.env, ...options.env, FORELABEL_HOME: home },
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
    port: Number(new URL(url).port),
    printed: () => output,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      if (options.home === undefined) await rm(home, { recursive: true, force: true });
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
