import open from 'open';
import { isLoopback } from '../relay/guards.ts';
import { forelabelHome } from '../relay/home.ts';
import { createLog } from '../relay/log.ts';
import { credentialsFile } from '../relay/settings/credentialsFile.ts';
import { readSettings } from '../relay/settings/settings.ts';
import { startRelay } from '../relay/startRelay.ts';
import { readServeArgs } from './serveArgs.ts';

/** `forelabel serve`: runs until SIGINT or SIGTERM, then ends cleanly. A training that runs goes on without it. */
export async function runServe(args: readonly string[]): Promise<0> {
  const { flags, open: openBrowser } = readServeArgs(args);
  const home = forelabelHome();
  const env = process.env;
  const note = (message: string) => void process.stderr.write(`${message}\n`);
  const { values: settings } = await readSettings({ home, env, flags, note });
  const server = await startRelay({ home, settings, env, flags, log: createLog(), note });
  const stopped = firstSignal();
  process.stdout.write(`Forelabel runs at ${server.url} (Ctrl+C ends it)\n`);
  if (!isLoopback(settings.host)) {
    note(
      `Who reaches ${settings.host} signs in with the secret in ${credentialsFile(home)}. Browsers give other ` +
        'machines no WebGPU over plain http: put https in front of it, or use it on this machine.',
    );
  }
  if (openBrowser) await openInBrowser(server.url);
  await stopped;
  await server.close();
  return 0;
}

/** A machine without a browser is no reason to fail: the address is printed already. */
async function openInBrowser(url: string): Promise<void> {
  try {
    const child = await open(url);
    child.on('error', () => undefined);
  } catch {
    // The same: the address is on the screen.
  }
}

function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => resolve());
    }
  });
}
