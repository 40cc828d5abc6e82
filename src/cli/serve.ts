import open from 'open';
import { isLoopback } from '../relay/guards.ts';
import { appFolder, modelsFolders } from '../relay/home.ts';
import { createLog } from '../relay/log.ts';
import { listModels, type Catalog } from '../relay/modelCatalog.ts';
import { serveRelay } from '../relay/server.ts';
import { readServeArgs } from './serveArgs.ts';

/** `forelabel serve`: runs until SIGINT or SIGTERM, then ends cleanly. */
export async function runServe(args: readonly string[]): Promise<0> {
  const { port, host, open: openBrowser } = readServeArgs(args);
  const log = createLog();
  const models = (): Promise<Catalog> => listModels(modelsFolders());
  const server = await serveRelay({ appDir: appFolder, models, host, port, log });
  const stopped = firstSignal();
  process.stdout.write(`Forelabel runs at ${server.url} (Ctrl+C ends it)\n`);
  if (!isLoopback(host)) {
    process.stderr.write(
      `Everyone who reaches ${host} can open it. Browsers give other machines no WebGPU over plain http: ` +
        'put https in front of it, or use it on this machine.\n',
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
